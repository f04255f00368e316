//! Pools: which one serves whom, and how near it comes to what was wished for.

mod ladder;
