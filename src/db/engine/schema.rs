//! The tables as diesel sees them, in the schema that every session's search_path names.
//! `tests/it/schema.rs` compares this file with the migrated database.

diesel::table! {
    installation (only_one) {
        only_one -> Bool,
        account_sid -> Text,
        instance_name -> Text,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    pools (name) {
        name -> Text,
        voice_url -> Text,
        sms_url -> Text,
        status_callback -> Text,
        voice_fallback_url -> Text,
        sms_fallback_url -> Text,
        voice_application_sid -> Text,
        sms_application_sid -> Text,
        trunk_sid -> Text,
        unconfirming -> Bool,
        country -> Nullable<Text>,
        number_type -> Nullable<Text>,
        created_at -> Timestamptz,
        all_told -> Bool,
        needs_attached -> Bool,
        needs_registered -> Bool,
        telling_wants -> Bool,
    }
}

diesel::table! {
    purchase_holder (only_one) {
        only_one -> Bool,
        run_id -> Nullable<Uuid>,
        backend_pid -> Nullable<Integer>,
        backend_start -> Nullable<Timestamptz>,
        beat_at -> Nullable<Timestamptz>,
        hangs_after_ms -> Integer,
    }
}

diesel::table! {
    buying_gate (only_one) {
        only_one -> Bool,
        paused_since -> Nullable<Timestamptz>,
        paused_by -> Nullable<Text>,
        paused_reason -> Nullable<Text>,
        halted_since -> Nullable<Timestamptz>,
        halt_code -> Nullable<Integer>,
        halt_message -> Nullable<Text>,
        halt_by_probe -> Bool,
        next_probe_at -> Nullable<Timestamptz>,
        probe_set_at -> Nullable<Timestamptz>,
        probe_closed_at -> Nullable<Timestamptz>,
        halts_in_a_row -> Integer,
    }
}

diesel::table! {
    purchases (id) {
        id -> Uuid,
        trigger -> Text,
        state -> Text,
        requested_count -> Integer,
        country -> Text,
        area_code -> Nullable<Text>,
        fallback -> Bool,
        override_caps -> Bool,
        requested_by -> Text,
        run_id -> Nullable<Uuid>,
        idempotency_key -> Nullable<Text>,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        started_at -> Nullable<Timestamptz>,
        ended_at -> Nullable<Timestamptz>,
        cancelled_at -> Nullable<Timestamptz>,
        cancelled_by -> Nullable<Text>,
        pool -> Text,
        number_type -> Text,
    }
}

diesel::table! {
    purchase_items (id) {
        id -> Uuid,
        purchase_id -> Uuid,
        phone_number -> Text,
        state -> Text,
        override_caps -> Bool,
        attempts -> Integer,
        doubted -> Bool,
        intended_at -> Timestamptz,
        first_sent_at -> Nullable<Timestamptz>,
        last_sent_at -> Nullable<Timestamptz>,
        negative_lookups -> Integer,
        last_lookup_at -> Nullable<Timestamptz>,
        ended_at -> Nullable<Timestamptz>,
        error_code -> Nullable<Text>,
        twilio_code -> Nullable<Integer>,
        error_message -> Nullable<Text>,
        twilio_request_id -> Nullable<Text>,
        spends -> Bool,
        refusal_concerns -> Nullable<Text>,
        pool -> Text,
    }
}

diesel::table! {
    purchase_errors (purchase_id, code) {
        purchase_id -> Uuid,
        code -> Text,
        twilio_code -> Nullable<Integer>,
        message -> Text,
        count -> Integer,
    }
}

diesel::table! {
    numbers (id) {
        id -> BigInt,
        sid -> Text,
        phone_number -> Text,
        country -> Text,
        area_code -> Nullable<Text>,
        status -> Text,
        webhook_status -> Text,
        capable -> Bool,
        missing_since -> Nullable<Timestamptz>,
        quarantined_until -> Nullable<Timestamptz>,
        quarantine_reason -> Nullable<Text>,
        rests_for -> Nullable<Text>,
        purchase_item_id -> Nullable<Uuid>,
        purchased_at -> Timestamptz,
        held_since -> Nullable<Timestamptz>,
        webhooks_in_vain -> Integer,
        webhooks_failed_at -> Nullable<Timestamptz>,
        ready -> Bool,
        another_tag_since -> Nullable<Timestamptz>,
        pool -> Text,
        number_type -> Text,
        apart -> Bool,
        attachment_status -> Text,
        registration -> Nullable<Text>,
        registration_at -> Nullable<Timestamptz>,
        registration_reason -> Nullable<Text>,
        marked_ready_at -> Nullable<Timestamptz>,
        marked_ready_by -> Nullable<Text>,
        held_back -> Nullable<Text>,
        webhooks_set_back_at -> Array<Timestamptz>,
        protected_at -> Nullable<Timestamptz>,
        protected_by -> Nullable<Text>,
    }
}

diesel::table! {
    attachments (id) {
        id -> BigInt,
        number_id -> BigInt,
        kind -> Text,
        target -> Text,
        state -> Text,
        since -> Timestamptz,
        attempts -> Integer,
        last_sent_at -> Nullable<Timestamptz>,
        doubted -> Bool,
        assignment_sid -> Nullable<Text>,
        twilio_code -> Nullable<Integer>,
        message -> Nullable<Text>,
        request_id -> Nullable<Text>,
        refusal_concerns -> Nullable<Text>,
        leaving -> Bool,
        for_anybody -> Bool,
    }
}

diesel::table! {
    attachment_targets (target) {
        target -> Text,
        full_since -> Nullable<Timestamptz>,
        unknown_since -> Nullable<Timestamptz>,
        inbound_on_number -> Nullable<Bool>,
        looked_at -> Nullable<Timestamptz>,
        twilio_code -> Nullable<Integer>,
        message -> Nullable<Text>,
    }
}

diesel::table! {
    pool_wants (pool, kind, target) {
        pool -> Text,
        kind -> Text,
        target -> Text,
        rank -> Integer,
    }
}

diesel::table! {
    pool_failures (pool) {
        pool -> Text,
        fingerprint -> Text,
        in_a_row -> Integer,
        since -> Timestamptz,
        message -> Text,
        kind -> Text,
    }
}

diesel::table! {
    leases (number_id) {
        number_id -> BigInt,
        ready -> Bool,
        user_id -> Nullable<Text>,
        assignment_id -> Nullable<BigInt>,
        assigned_at -> Nullable<Timestamptz>,
        source -> Nullable<Text>,
        waited_at -> Nullable<Uuid>,
        purchased_at -> Timestamptz,
        phone_number -> Text,
        country -> Text,
        area_code -> Nullable<Text>,
        pool -> Text,
        apart -> Bool,
        matched -> Nullable<Text>,
    }
}

diesel::table! {
    owned_changes (id) {
        id -> BigInt,
        more -> BigInt,
        pool -> Text,
    }
}

diesel::table! {
    past_assignments (id) {
        id -> BigInt,
        number_id -> BigInt,
        user_id -> Text,
        source -> Text,
        assigned_at -> Timestamptz,
        released_at -> Timestamptz,
        waited_at -> Nullable<Uuid>,
        pool -> Text,
        matched -> Nullable<Text>,
    }
}

diesel::table! {
    waiters (user_id) {
        user_id -> Text,
        instance_id -> Uuid,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        pool -> Text,
        area_code -> Nullable<Text>,
        only_pool -> Bool,
    }
}

diesel::table! {
    passes (id) {
        id -> BigInt,
        at -> Timestamptz,
        trigger -> Text,
        reason -> Text,
        purchased_count -> Integer,
        error -> Nullable<Text>,
        pool -> Text,
        detail -> Nullable<Text>,
    }
}

diesel::table! {
    releases (id) {
        id -> Uuid,
        number_id -> BigInt,
        state -> Text,
        requested_by -> Text,
        former_reason -> Nullable<Text>,
        former_until -> Nullable<Timestamptz>,
        attempts -> Integer,
        intended_at -> Timestamptz,
        last_sent_at -> Nullable<Timestamptz>,
        ended_at -> Nullable<Timestamptz>,
        error_code -> Nullable<Text>,
        twilio_code -> Nullable<Integer>,
        error_message -> Nullable<Text>,
        twilio_request_id -> Nullable<Text>,
        former_rests_for -> Nullable<Text>,
    }
}

diesel::table! {
    ignored_numbers (phone_number) {
        phone_number -> Text,
        sid -> Text,
        ignored_by -> Text,
        ignored_at -> Timestamptz,
    }
}

diesel::table! {
    reconciliations (id) {
        id -> BigInt,
        trigger -> Text,
        started_at -> Timestamptz,
        ended_at -> Nullable<Timestamptz>,
        report -> Nullable<Jsonb>,
        error -> Nullable<Text>,
    }
}

diesel::table! {
    stock_samples (at, pool) {
        at -> Timestamptz,
        available -> Integer,
        assigned -> Integer,
        quarantined -> Integer,
        unready -> Integer,
        threshold -> Integer,
        pool -> Text,
    }
}

diesel::table! {
    signup_refusals (minute, code, pool) {
        minute -> Timestamptz,
        code -> Text,
        count -> BigInt,
        pool -> Text,
    }
}

diesel::table! {
    pool_halts (pool, fingerprint) {
        pool -> Text,
        since -> Timestamptz,
        twilio_code -> Nullable<Integer>,
        message -> Text,
        needs -> Text,
        fingerprint -> Text,
    }
}

diesel::table! {
    sessions (token_hash) {
        token_hash -> Text,
        key_fingerprint -> Text,
        address -> Text,
        user_agent -> Nullable<Text>,
        created_at -> Timestamptz,
        last_seen_at -> Timestamptz,
        expires_at -> Timestamptz,
    }
}

diesel::table! {
    audit (id) {
        id -> BigInt,
        call_id -> Uuid,
        at -> Timestamptz,
        who -> Text,
        address -> Nullable<Text>,
        action -> Text,
        method -> Nullable<Text>,
        path -> Nullable<Text>,
        detail -> Jsonb,
        result -> Nullable<Integer>,
        code -> Nullable<Text>,
        request_id -> Nullable<Text>,
    }
}

diesel::table! {
    audit_retention (id) {
        id -> BigInt,
        days -> Integer,
        set_at -> Timestamptz,
    }
}

diesel::table! {
    number_notes (id) {
        id -> BigInt,
        number_id -> BigInt,
        at -> Timestamptz,
        note -> Text,
        detail -> Nullable<Text>,
        noted_by -> Nullable<Text>,
    }
}

diesel::table! {
    alerts (id) {
        id -> Uuid,
        number -> BigInt,
        kind -> Text,
        subject -> Text,
        pool -> Nullable<Text>,
        severity -> Text,
        summary -> Text,
        detail -> Text,
        todo -> Text,
        opened_at -> Timestamptz,
        closed_at -> Nullable<Timestamptz>,
        transitions -> Integer,
        last_told_at -> Timestamptz,
        acknowledged_at -> Nullable<Timestamptz>,
        acknowledged_by -> Nullable<Text>,
    }
}

diesel::table! {
    alert_conditions (kind, subject) {
        kind -> Text,
        subject -> Text,
        phase -> Text,
        since -> Timestamptz,
        alert_id -> Nullable<Uuid>,
    }
}

diesel::table! {
    alert_round (only_one) {
        only_one -> Bool,
        judge -> Nullable<Uuid>,
        alive_at -> Nullable<Timestamptz>,
        judged_at -> Nullable<Timestamptz>,
        facts_at -> Nullable<Timestamptz>,
        beat_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    alert_transitions (alert_id, no) {
        alert_id -> Uuid,
        no -> Integer,
        event -> Text,
        at -> Timestamptz,
        body -> Text,
        words -> Jsonb,
    }
}

diesel::table! {
    alert_messages (id) {
        id -> Uuid,
        number -> BigInt,
        channel -> Text,
        state -> Text,
        gathers -> Bool,
        created_at -> Timestamptz,
        due_at -> Timestamptz,
        tries -> Integer,
        last_tried_at -> Nullable<Timestamptz>,
        claim -> Nullable<Uuid>,
        claimed_until -> Nullable<Timestamptz>,
        taken_by -> Array<Text>,
        blames_far_side -> Bool,
        last_status -> Nullable<Integer>,
        last_error -> Nullable<Text>,
        ended_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    alert_notifications (id) {
        id -> Uuid,
        alert_id -> Uuid,
        no -> Integer,
        channel -> Text,
        message_id -> Uuid,
    }
}

diesel::table! {
    alert_channels (channel) {
        channel -> Text,
        fingerprint -> Nullable<Text>,
        gone_since -> Nullable<Timestamptz>,
        last_message_at -> Nullable<Timestamptz>,
        last_ok_at -> Nullable<Timestamptz>,
        failing_since -> Nullable<Timestamptz>,
        last_status -> Nullable<Integer>,
        last_error -> Nullable<Text>,
    }
}

diesel::table! {
    account_looks (what) {
        what -> Text,
        at -> Timestamptz,
        detail -> Jsonb,
    }
}

diesel::table! {
    event_refusals (minute) {
        minute -> Timestamptz,
        count -> BigInt,
    }
}

diesel::table! {
    duties (name) {
        name -> Text,
        claimed_by -> Nullable<Uuid>,
        claimed_until -> Nullable<Timestamptz>,
        done_at -> Nullable<Timestamptz>,
        detail -> Nullable<Text>,
    }
}

diesel::table! {
    first_ready (number_id) {
        number_id -> BigInt,
        at -> Timestamptz,
    }
}

diesel::table! {
    charge_clocks (number_id) {
        number_id -> BigInt,
        bought_on -> Date,
        ours_from -> Date,
        next_on -> Nullable<Date>,
        left_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    charges (number_id, charged_on) {
        number_id -> BigInt,
        charged_on -> Date,
        what -> Text,
        pool -> Text,
        country -> Text,
        number_type -> Text,
        amount -> Nullable<Numeric>,
        currency -> Nullable<Text>,
        price_source -> Nullable<Text>,
    }
}

diesel::table! {
    charge_months (month, pool, country, number_type, currency) {
        month -> Date,
        pool -> Text,
        country -> Text,
        number_type -> Text,
        currency -> Text,
        purchases -> BigInt,
        renewals -> BigInt,
        amount -> Nullable<Numeric>,
    }
}

diesel::table! {
    prices_seen (country, number_type, day) {
        country -> Text,
        number_type -> Text,
        day -> Date,
        monthly -> Numeric,
        currency -> Text,
    }
}

diesel::table! {
    usage_seen (month, category) {
        month -> Date,
        category -> Text,
        count -> BigInt,
        price -> Numeric,
        currency -> Text,
        as_of -> Timestamptz,
        asked_at -> Timestamptz,
    }
}

diesel::table! {
    foreign_numbers (sid) {
        sid -> Text,
        phone_number -> Text,
        country -> Text,
        number_type -> Nullable<Text>,
        date_created -> Timestamptz,
        first_seen_at -> Timestamptz,
        last_seen_at -> Timestamptz,
        gone_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    last_uses (number_id) {
        number_id -> BigInt,
        last_used_at -> Nullable<Timestamptz>,
        source -> Nullable<Text>,
    }
}

diesel::table! {
    touch_days (day) {
        day -> Date,
        first_at -> Timestamptz,
    }
}

diesel::table! {
    sweeps (id) {
        id -> BigInt,
        what -> Text,
        from_at -> Timestamptz,
        until_at -> Timestamptz,
        next_page -> Nullable<Text>,
        pages -> Integer,
        unreadable -> Integer,
        anew -> Integer,
        state -> Text,
        started_at -> Timestamptz,
        ended_at -> Nullable<Timestamptz>,
        error -> Nullable<Text>,
        claimed_by -> Nullable<Uuid>,
        claimed_until -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    recyclings (id) {
        id -> Uuid,
        number_id -> BigInt,
        assignment_id -> BigInt,
        state -> Text,
        unused_since -> Timestamptz,
        body -> Text,
        intended_at -> Timestamptz,
        tries -> Integer,
        due_at -> Timestamptz,
        claimed_until -> Nullable<Timestamptz>,
        last_error -> Nullable<Text>,
        noticed_at -> Nullable<Timestamptz>,
        take_after -> Nullable<Timestamptz>,
        ended_at -> Nullable<Timestamptz>,
        requested_by -> Nullable<Text>,
        why -> Nullable<Text>,
    }
}

diesel::table! {
    recycling_gate (only_one) {
        only_one -> Bool,
        fingerprint -> Nullable<Text>,
        gone_since -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    demand (pool, user_key, slot) {
        pool -> Text,
        user_key -> Binary,
        slot -> BigInt,
        asked_at -> Timestamptz,
    }
}

diesel::table! {
    pool_thresholds (pool) {
        pool -> Text,
        in_force -> Integer,
        advised -> Integer,
        lower_since -> Nullable<Timestamptz>,
        lower_most -> Nullable<Integer>,
        changed_at -> Nullable<Timestamptz>,
        why -> Text,
    }
}

diesel::table! {
    advice_days (pool, day) {
        pool -> Text,
        day -> Date,
        advised -> Integer,
        base_stock -> Integer,
        needed -> Nullable<Integer>,
        signups -> Nullable<BigInt>,
        waited -> Nullable<BigInt>,
    }
}

diesel::joinable!(past_assignments -> numbers (number_id));
diesel::joinable!(purchase_items -> purchases (purchase_id));
diesel::joinable!(purchase_errors -> purchases (purchase_id));
diesel::joinable!(numbers -> purchase_items (purchase_item_id));
diesel::joinable!(releases -> numbers (number_id));
diesel::joinable!(attachments -> numbers (number_id));
diesel::allow_tables_to_appear_in_same_query!(
    installation,
    pools,
    buying_gate,
    purchases,
    purchase_items,
    purchase_errors,
    numbers,
    attachments,
    attachment_targets,
    pool_wants,
    pool_failures,
    leases,
    past_assignments,
    waiters,
    passes,
    releases,
    ignored_numbers,
    reconciliations,
    stock_samples,
    signup_refusals,
    pool_halts,
    sessions,
    audit,
    audit_retention,
    number_notes,
    alerts,
    alert_conditions,
    alert_round,
    alert_transitions,
    alert_messages,
    alert_notifications,
    alert_channels,
    account_looks,
    event_refusals,
    duties,
    first_ready,
    charge_clocks,
    charges,
    charge_months,
    prices_seen,
    usage_seen,
    foreign_numbers,
    last_uses,
    touch_days,
    sweeps,
    recyclings,
    recycling_gate,
    demand,
    pool_thresholds,
    advice_days
);
