//! Alerts as whoever judges writes them, for tests of what is seen of them.
//!
//! How to get it wrong: a kind and subject that is judged in this world. It would be told a second time, or be over.

use crate::world::World;

/// Opens an alert `minutes` ago, and its first transition; its id.
pub fn raised(world: &World, kind: &str, pool: &str, severity: &str, minutes: u32) -> String {
    let id = world.sql(&format!(
        "INSERT INTO alerts (id, kind, subject, pool, severity, summary, detail, todo, opened_at, last_told_at)
         VALUES (gen_random_uuid(), '{kind}', '{pool}', nullif('{pool}', ''), '{severity}', 'It is {kind}.', 'Because of that.', 'Mend it.',
                 now() - interval '{minutes} min', now())
         RETURNING id"
    ));
    world.sql(&format!(
        "INSERT INTO alert_transitions (alert_id, no, event, at, body, words)
         VALUES ('{id}', 1, 'raised', now() - interval '{minutes} min', '{{}}', '{{}}')"
    ));
    id
}

/// Tells a channel of it, `minutes` ago, in a message of its own that stands like this: `state`, `tries`, the last error.
pub fn told(world: &World, alert: &str, channel: &str, (state, tries, error): (&str, u32, Option<&str>), minutes: u32) {
    let error = error.map_or("NULL".to_owned(), |error| format!("'{error}'"));
    world.sql(&format!(
        "WITH message AS (
            INSERT INTO alert_messages (id, channel, state, gathers, created_at, due_at, tries, last_error, ended_at)
            SELECT gen_random_uuid(), '{channel}', '{state}', false, now() - interval '{minutes} min', now() + interval '1 day', {tries},
                   {error}, CASE WHEN '{state}' <> 'waiting' THEN now() END RETURNING id)
         INSERT INTO alert_notifications (id, alert_id, no, channel, message_id)
         SELECT id, '{alert}', (SELECT transitions FROM alerts WHERE id = '{alert}'), '{channel}', id FROM message"
    ));
}

/// It is over.
pub fn cleared(world: &World, alert: &str) {
    world.sql(&format!(
        "INSERT INTO alert_transitions (alert_id, no, event, at, body, words)
         SELECT id, transitions + 1, 'cleared', now(), '{{}}', '{{}}' FROM alerts WHERE id = '{alert}';
         UPDATE alerts SET closed_at = now(), transitions = transitions + 1, summary = 'It is over.', detail = '', todo = 'There is nothing to do.'
          WHERE id = '{alert}'"
    ));
}
