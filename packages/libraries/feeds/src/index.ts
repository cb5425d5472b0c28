export { createFollower } from './create-follower.ts';
export type { FollowOptions, FollowedFeed, Follower, MovePlace } from './create-follower.ts';
export { feedAnswerOf, isFeedError } from './feed-answer.ts';
export type { FollowState } from './follow-state.ts';
