//! How much stock pools need, by what they were asked for, and what comes of it.

mod applied;
mod asked;
mod boosts;

use crate::world::World;

impl World {
    /// As if so many users at once had found nothing ready, every two hours for ten days.
    pub fn crowds(&self, pool: &str, users: u32) {
        self.sql(&format!(
            "INSERT INTO demand (pool, user_key, slot, asked_at)
             SELECT '{pool}', substring(sha256(convert_to(crowd || ' ' || number, 'UTF8')) FOR 8),
                    floor(extract(epoch FROM at) / 300)::bigint, at
               FROM generate_series(1, 120) AS crowd, generate_series(1, {users}) AS number,
                    LATERAL (SELECT clock_timestamp() - crowd * interval '2 hours') AS crowds (at)"
        ));
    }
}
