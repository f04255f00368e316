//! Pools: which one serves whom, how near it comes to what was wished for, what one that lacks something costs, and what is
//! told of each and of all together.

mod halt;
mod ladder;
mod status;
mod unclear;
