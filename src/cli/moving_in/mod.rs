//! The file that `callbunker import` reads: from bytes to rows, each judged before the first is sent.
//!
//! The way of a file: [`source`] makes UTF-8 of it, unless it is no table at all ([`kind`]); [`table`] cuts it into records; [`columns`]
//! says what stands where, and [`whose`] if they may say too little; [`row`] reads the values; [`seen`] finds rows that contradict each other; [`spool`] keeps the good ones until
//! the end of the file is known, and gives them back in the order of their numbers; [`causes`] counts what was wrong, [`rejected`] writes
//! it to a file, which [`beside`] puts in its place, [`told`] says it.
//!
//! Invariants: a file is read once, so it may be a pipe; memory holds some tens of bytes of a row, however many there are; of rows that
//! contradict each other none is sent.
//! How to get it wrong: sending the first good row before the last bad one was read.

mod beside;
pub(super) mod causes;
mod columns;
mod kind;
mod reading;
pub(super) mod rejected;
mod row;
pub(super) mod seen;
mod source;
pub(super) mod spool;
mod table;
pub(super) mod told;
mod whose;

#[cfg(test)]
mod proptest;

pub(super) use reading::{ReadFile, read};
