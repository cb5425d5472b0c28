export const STYLE = `
:root { color-scheme: light dark; --line: #8885; --soft: #8881; }
* { box-sizing: border-box; }
body { margin: 0; display: flex; font: 15px/1.5 system-ui, sans-serif; }
nav { position: sticky; top: 0; height: 100vh; overflow: auto; padding: 1rem; flex: 0 0 18rem; border-right: 1px solid var(--line); }
nav ul { list-style: none; margin: 0; padding: 0; }
nav a { text-decoration: none; overflow-wrap: anywhere; }
main { padding: 1rem 2rem; max-width: 60rem; min-width: 0; }
section { border-top: 1px solid var(--line); margin-top: 2rem; }
h2 { font: 600 1.2rem ui-monospace, monospace; overflow-wrap: anywhere; }
h3 { font-size: 1rem; margin-bottom: 0; }
p { margin: .3rem 0; }
.summary { font-weight: 600; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid var(--line); padding: .3rem .5rem; text-align: left; vertical-align: top; overflow-wrap: anywhere; }
th { font-weight: 400; width: 11rem; }
.items { margin-left: .5rem; padding-left: .5rem; border-left: 2px solid var(--line); }
code, pre { font: 13px ui-monospace, monospace; background: var(--soft); overflow-wrap: anywhere; }
pre { padding: .5rem; overflow: auto; }
@media (max-width: 50rem) { body { display: block; } nav { position: static; height: auto; border: 0; } main { padding: 1rem; } }
`;
