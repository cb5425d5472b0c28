/** Where packages are whose tests run: the configurations of vitest and the checks of tests take them from here. */
export const FOLDERS = ['packages/*/*', '{apps,stand-ins,tools,proof}/*', 'bench'];
