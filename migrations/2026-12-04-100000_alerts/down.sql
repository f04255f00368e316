-- Nobody is told of anything any more, and what was told is forgotten.
DROP INDEX numbers_drifted_idx;
DROP TABLE event_refusals, account_looks, alert_channels, alert_notifications, alert_messages, alert_transitions, alert_round,
    alert_conditions, alerts;
DROP FUNCTION alerts_move_as_they_may(), alert_messages_move_as_they_may(), alert_transitions_stay();
