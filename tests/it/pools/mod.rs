//! Pools: which one serves whom, how near it comes to what was wished for, and what one that lacks something costs.

mod halt;
mod ladder;
mod unclear;
