/** What else may start and play the system with. */
export { checkFrontDoor } from './check-front-door.ts';
export { generateOrders } from './orders/generate-orders.ts';
export { type Random, seededRandom } from './orders/random.ts';
export { type FrontDoor, openFrontDoor } from './play/front-door.ts';
export { orderIdOf, payeeOf } from './play/payee.ts';
export { playStories } from './play/play-stories.ts';
export { tellStory } from './play/story.ts';
export { type Watchers, watchWallets } from './play/watch-wallets.ts';
export { CALM } from './play/trouble.ts';
export { settle } from './settle.ts';
export { waitForStop } from './stop-signal.ts';
export { type AppName, freePortsOfAll, urlOf } from './system/addresses.ts';
export { type System, startSystem } from './system/start-system.ts';
export { openWorld } from './world.ts';
