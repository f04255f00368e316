//! A database that somebody makes read-only: who finds it so dies before its other sessions end.

use super::{Operation, PLAIN, assign, purchase, stocked};

pub const OPERATIONS: &[Operation] = &[Operation {
    name: "signups and a purchase while somebody freezes the database",
    before: stocked,
    ask: Some(|world, daemon, told| {
        std::thread::scope(|scope| {
            scope.spawn(|| purchase(daemon, 3));
            assign(daemon, &["u-1", "u-2"], told);
            world.freeze();
            world.end_sessions();
        });
    }),
    reaches: &["frozen_seen"],
    meanwhile: |world| world.thaw(),
    ..PLAIN
}];
