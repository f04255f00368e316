//! What the database itself does about attachments: what a number lacks of what its pool wants follows from the facts, whoever
//! writes them, and nothing that lacks something is handed out.

use std::collections::BTreeMap;
use std::time::Duration;

use callbunker::db::attachments::AttachmentAttempt;
use callbunker::db::{Connection, DatabaseUrl, Db, DbError};
use callbunker::domain::{
    Attachment, AttachmentState, Needs, RefusedFor, Registration, RegistrationStanding, Target, Wants,
};
use callbunker::telemetry::Telemetry;

use super::ledger::refused;
use crate::world::session::Session;
use crate::world::{World, eventually};

/// A messaging service, a profile or a product by its digit: `MG111…`.
pub(super) fn sid(letters: &str, digit: u32) -> String {
    format!("{letters}{}", digit.to_string().repeat(32))
}

/// Numbers 1 to `count` of `default`, ready, and the door to their database; no daemon runs.
pub(super) struct Rows {
    pub(super) world: World,
    runtime: tokio::runtime::Runtime,
    db: Db,
}

impl Rows {
    pub(super) fn new(count: u32) -> Self {
        let world = World::new().quiet();
        assert_eq!(world.daemon().stop(), Some(0));
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let url = DatabaseUrl::new(&world.database.owner_url().to_owned().into());
        let log = slog::Logger::root(slog::Discard, slog::o!());
        let db = Db::new(url, Duration::from_secs(5), runtime.handle().clone(), Telemetry::new(&[]), log);
        world.sql("ALTER TABLE numbers ALTER COLUMN id RESTART WITH 1");
        world.stock("default", 1, count);
        Self { world, runtime, db }
    }

    pub(super) fn run<T: Send + 'static>(
        &self,
        step: impl FnOnce(&mut Connection) -> Result<T, DbError> + Send + 'static,
    ) -> T {
        self.try_run(step).expect("the step succeeds")
    }

    pub(super) fn try_run<T: Send + 'static>(
        &self,
        step: impl FnOnce(&mut Connection) -> Result<T, DbError> + Send + 'static,
    ) -> Result<T, DbError> {
        self.runtime.block_on(self.db.run_patiently("attachments", step))
    }

    /// What the default pool wants, past every step.
    pub(super) fn want(&self, wants: &Wants) {
        let rows: Vec<String> = wants
            .targets()
            .enumerate()
            .map(|(rank, target)| format!("('default', '{}', '{}', {rank})", target.kind(), target.sid()))
            .collect();
        let insert =
            if rows.is_empty() { String::new() } else { format!("INSERT INTO pool_wants VALUES {}", rows.join(", ")) };
        let Needs { attached, registered } = wants.needs;
        self.world.sql(&format!(
            "DELETE FROM pool_wants; UPDATE pools SET needs_attached = {attached}, needs_registered = {registered}; {insert};
             UPDATE numbers SET held_back = NULL"
        ));
    }

    /// `id status held_back ready` of each number.
    pub(super) fn told(&self) -> Vec<String> {
        let rows = self.world.sql(
            "SELECT concat_ws(' ', id, attachment_status, coalesce(held_back, '-'), ready::text) FROM numbers ORDER BY id",
        );
        rows.lines().map(str::to_owned).collect()
    }

    /// The last attempt at an attachment.
    pub(super) fn last_attempt(&self, attachment: i64) -> AttachmentAttempt {
        let nth = self.world.count(&format!("SELECT attempts FROM attachments WHERE id = {attachment}"));
        AttachmentAttempt { attachment, nth: i32::try_from(nth).expect("a few") }
    }

    /// The same of one.
    pub(super) fn told_of(&self, id: i64) -> String {
        self.told()
            .into_iter()
            .find_map(|line| line.strip_prefix(&format!("{id} ")).map(str::to_owned))
            .expect("it is there")
    }

    /// Whoever can be handed out is what the numbers say.
    pub(super) fn assert_leases_agree(&self) {
        let disagreeing = "SELECT count(*) FROM numbers n JOIN leases l ON l.number_id = n.id WHERE l.user_id IS NULL AND l.ready <> n.ready";
        assert_eq!(self.world.count(disagreeing), 0);
    }
}

/// What attachments of every kind and state a number may have: to two services, a profile and a product.
fn every_set_of_attachments() -> Vec<Vec<Attachment>> {
    let of = |target: &Target| -> Vec<Option<Attachment>> {
        let mut all: Vec<Option<Attachment>> = vec![None];
        for state in AttachmentState::ALL {
            let concerns: &[Option<RefusedFor>] = match state {
                AttachmentState::Refused => &[Some(RefusedFor::Number), Some(RefusedFor::Target)],
                AttachmentState::Conflict => &[Some(RefusedFor::Number)],
                _ => &[None],
            };
            all.extend(concerns.iter().map(|refused_for| {
                Some(Attachment { target: target.clone(), state: *state, refused_for: *refused_for })
            }));
        }
        all
    };
    let service =
        |digit| Target::parse(callbunker::domain::AttachmentKind::MessagingService, &sid("MG", digit)).unwrap();
    let (profile, product) = (
        Target::parse(callbunker::domain::AttachmentKind::CustomerProfile, &sid("BU", 5)).unwrap(),
        Target::parse(callbunker::domain::AttachmentKind::TrustProduct, &sid("BU", 6)).unwrap(),
    );
    let mut sets = Vec::new();
    for one in of(&service(1)) {
        for other in of(&service(2)) {
            let in_one = |set: &Option<Attachment>| {
                set.as_ref().is_some_and(|set| set.state.is_open() || set.state == AttachmentState::Attached)
            };
            if !(in_one(&one) && in_one(&other)) {
                sets.push(one.iter().chain(&other).cloned().collect());
            }
        }
    }
    for one in of(&profile) {
        for other in of(&product) {
            let service = Attachment { target: service(2), state: AttachmentState::Attached, refused_for: None };
            sets.push(std::iter::once(&service).chain(&one).chain(&other).cloned().collect());
        }
    }
    sets
}

fn every_want() -> Vec<Wants> {
    let services = |digits: &[u32]| digits.iter().map(|digit| sid("MG", *digit).parse().unwrap()).collect();
    let (profile, product) = (Some(sid("BU", 5).parse().unwrap()), vec![sid("BU", 6).parse().unwrap()]);
    let needs = Needs { attached: true, registered: false };
    vec![
        Wants::default(),
        Wants { services: services(&[1]), needs, ..Wants::default() },
        Wants { services: services(&[1, 2]), needs, ..Wants::default() },
        Wants { services: services(&[3]), needs, ..Wants::default() },
        Wants { profile: profile.clone(), needs, ..Wants::default() },
        Wants {
            services: services(&[2]),
            profile,
            products: product,
            needs: Needs { attached: true, registered: true },
        },
        Wants { services: services(&[1]), needs: Needs::default(), ..Wants::default() },
        Wants { services: services(&[2]), needs: Needs { attached: true, registered: true }, ..Wants::default() },
    ]
}

#[test]
fn what_a_number_lacks_the_database_says_as_the_domain_does() {
    let sets = every_set_of_attachments();
    let rows = Rows::new(u32::try_from(sets.len()).unwrap());
    let mut values = Vec::new();
    for (place, attachments) in sets.iter().enumerate() {
        for Attachment { target, state, refused_for } in attachments {
            let concerns = refused_for.map_or("NULL".to_owned(), |concerns| format!("'{concerns}'"));
            values.push(format!(
                "({}, '{}', '{}', '{state}', 1, now(), {concerns}, 'x')",
                place + 1,
                target.kind(),
                target.sid()
            ));
        }
    }
    rows.world.sql(&format!(
        "SET session_replication_role = replica;
         INSERT INTO attachments (number_id, kind, target, state, attempts, last_sent_at, refusal_concerns, message) VALUES {}",
        values.join(", ")
    ));
    // How the carriers have them, round robin.
    let registrations = [
        (None, None),
        (Some(Registration::Pending), None),
        (Some(Registration::Registered), None),
        (Some(Registration::Failed), None),
        (Some(Registration::Unregistered), Some(-1)),
        (Some(Registration::Failed), Some(1)),
        (None, Some(0)),
    ];
    let at = chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap();
    for (place, (registration, marked)) in registrations.iter().enumerate() {
        let word = registration
            .map_or("NULL, registration_at = NULL".to_owned(), |word| format!("'{word}', registration_at = '{at}'"));
        let marked = marked.map_or(String::new(), |after| {
            format!(", marked_ready_by = 'test', marked_ready_at = '{}'", at + chrono::TimeDelta::seconds(after))
        });
        rows.world.sql(&format!(
            "UPDATE numbers SET registration = {word}{marked} WHERE id % {} = {place}",
            registrations.len()
        ));
    }
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    for wants in every_want() {
        rows.want(&wants);
        let told = rows.told();
        for (place, attachments) in sets.iter().enumerate() {
            let id = place + 1;
            let (registration, marked) = registrations[id % registrations.len()];
            let standing = RegistrationStanding {
                registration,
                at: registration.map(|_| at),
                marked_at: marked.map(|after| at + chrono::TimeDelta::seconds(after)),
            };
            let status = wants.status_of(attachments);
            let held_back = wants.needs.held_back(status, standing.counts());
            let held = held_back.map_or("-", |held_back| held_back.as_str());
            let expected = format!("{id} {status} {held} {}", held_back.is_none());
            assert_eq!(told[place], expected, "{wants:?} {attachments:?} {standing:?}");
            *seen.entry(format!("{status} {held}")).or_default() += 1;
        }
        rows.assert_leases_agree();
    }
    assert!(seen.len() >= 7 && seen.values().all(|count| *count > 1), "every word was said: {seen:?}");
}

#[test]
fn what_changes_an_attachment_or_a_pool_or_a_registration_tells_the_number_and_hand_written_words_do_not_last() {
    let rows = Rows::new(3);
    let world = &rows.world;
    rows.want(&every_want()[5]);
    let service = sid("MG", 2);
    assert_eq!(rows.told_of(1), "pending attaching false");
    world.sql(&format!(
        "INSERT INTO attachments (number_id, kind, target) SELECT 1, kind, target FROM pool_wants;
         UPDATE attachments SET state = 'sent', attempts = 1, last_sent_at = now();
         UPDATE attachments SET state = 'attached' WHERE target <> '{service}'"
    ));
    assert_eq!(rows.told_of(1), "pending attaching false");
    world.sql("UPDATE attachments SET state = 'attached' WHERE state = 'sent'");
    assert_eq!(rows.told_of(1), "attached registering false");
    world.sql("UPDATE numbers SET registration = 'registered', registration_at = now() WHERE id = 1");
    assert_eq!(rows.told_of(1), "attached - true");
    assert_eq!(world.count("SELECT count(*) FROM leases WHERE ready"), 1);
    // Nobody writes a number into readiness, nor out of the facts for ever.
    for words in [
        "ready = true",
        "held_back = NULL",
        "attachment_status = 'attached'",
        "ready = true, held_back = NULL, attachment_status = 'attached'",
    ] {
        world.sql(&format!("UPDATE numbers SET {words} WHERE id = 2"));
        assert_eq!(rows.told_of(2), "pending attaching false", "{words}");
    }
    world.sql("UPDATE numbers SET held_back = 'registering' WHERE id = 1");
    assert_eq!(rows.told_of(1), "attached registering false", "taken back by name");
    world.sql("UPDATE numbers SET held_back = NULL WHERE id = 1");
    assert_eq!(rows.told_of(1), "attached - true");
    // What comes, or moves, knows what its pool wants.
    world.sql("INSERT INTO pools (name, voice_url, sms_url, status_callback) VALUES ('gb', 'v', 's', 'c')");
    world.stock("gb", 8, 1);
    world.stock("default", 9, 1);
    assert_eq!(
        (rows.told_of(4), rows.told_of(5)),
        ("attached - true".to_owned(), "pending attaching false".to_owned())
    );
    world.sql("UPDATE numbers SET pool = 'default' WHERE id = 4; UPDATE numbers SET pool = 'gb' WHERE id = 2");
    assert_eq!(
        (rows.told_of(4), rows.told_of(2)),
        ("pending attaching false".to_owned(), "attached - true".to_owned())
    );
    // What it was attached to ends.
    world.sql(&format!("UPDATE attachments SET state = 'left' WHERE target = '{service}'"));
    assert_eq!(rows.told_of(1), "pending attaching false");
    rows.assert_leases_agree();
    world.assert_one_to_one_in_the_database();
}

const IN_LINE: &str =
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";

#[test]
fn two_attachments_of_one_number_that_settle_at_once_do_not_miss_each_other() {
    let rows = Rows::new(1);
    let world = &rows.world;
    rows.want(&Wants { services: every_want()[1].services.clone(), ..every_want()[4].clone() });
    world.sql(
        "INSERT INTO attachments (number_id, kind, target, state, attempts, last_sent_at)
         SELECT 1, kind, target, 'sent', 1, now() FROM pool_wants",
    );
    let settle = |kind: &str| format!("UPDATE attachments SET state = 'attached' WHERE kind = '{kind}'");
    let gate = Session::open(world, "SELECT pg_advisory_lock(4711)");
    std::thread::scope(|scope| {
        let first = format!("BEGIN; {}; SELECT pg_advisory_xact_lock(4711); COMMIT", settle("messaging_service"));
        scope.spawn(move || world.sql(&first));
        eventually("the first one has settled, and not committed", || world.count(IN_LINE) == 1);
        scope.spawn(|| world.sql(&settle("customer_profile")));
        eventually("the second one waits for it", || world.count(IN_LINE) == 2);
        drop(gate);
    });
    assert_eq!(rows.told_of(1), "attached - true");
}

#[test]
fn the_database_refuses_attachments_that_cannot_be() {
    let rows = Rows::new(3);
    let (service, other, profile) = (sid("MG", 1), sid("MG", 2), sid("BU", 5));
    let attach = |columns: &str, values: &str| {
        format!("INSERT INTO attachments (number_id, kind, target{columns}) VALUES ({values})")
    };
    let in_one = attach(", state", &format!("1, 'messaging_service', '{service}', 'attached'"));
    rows.world.sql(&in_one);
    rows.world.sql("UPDATE numbers SET registration = 'pending', registration_at = '2026-11-01' WHERE id = 1");
    let step = |from: &str, to: &str| {
        let sent = "attempts = 1, last_sent_at = now(), message = 'x'";
        let concerns = |state: &str| if matches!(state, "refused" | "conflict") { "'number'" } else { "NULL" };
        format!(
            "INSERT INTO attachments (number_id, kind, target, state, attempts, last_sent_at, message, refusal_concerns)
             VALUES (2, 'messaging_service', '{service}', '{from}', 1, now(), 'x', {});
             UPDATE attachments SET state = '{to}', {sent}, refusal_concerns = {} WHERE number_id = 2",
            concerns(from),
            concerns(to)
        )
    };
    let mut statements: Vec<(&str, String)> = Vec::new();
    for from in AttachmentState::ALL {
        for to in AttachmentState::ALL {
            if from.may_become(*to) {
                // It is taken, by the domain's word and the database's.
                rows.world.sql(&format!("BEGIN; {}; ROLLBACK", step(from.as_str(), to.as_str())));
            } else {
                statements.push(("attachments_move_as_they_may", step(from.as_str(), to.as_str())));
            }
        }
    }
    let word =
        |word: &str, at: &str| format!("UPDATE numbers SET registration = {word}, registration_at = {at} WHERE id = 1");
    statements.extend([
        ("attachments_kind_is_known", attach("", &format!("2, 'brand', '{profile}'"))),
        ("attachments_target_fits_its_kind", attach("", &format!("2, 'messaging_service', '{profile}'"))),
        ("attachments_target_fits_its_kind", attach("", &format!("2, 'trust_product', '{service}'"))),
        ("attachments_state_is_known", attach(", state", &format!("2, 'trust_product', '{profile}', 'lost'"))),
        ("attachments_are_of_a_number", attach("", &format!("99, 'trust_product', '{profile}'"))),
        ("attachments_one_per_target", in_one),
        ("attachments_one_service_per_number", attach("", &format!("1, 'messaging_service', '{other}'"))),
        ("attachments_sent_was_attempted", attach(", state", &format!("2, 'trust_product', '{profile}', 'sent'"))),
        ("attachments_refused_says_why", attach(", state", &format!("2, 'trust_product', '{profile}', 'refused'"))),
        (
            "attachments_refused_says_why",
            attach(", refusal_concerns, message", &format!("2, 'trust_product', '{profile}', 'number', 'x'")),
        ),
        ("attachments_attempts_count_up", attach(", attempts", &format!("2, 'trust_product', '{profile}', -1"))),
        ("attachments_assignment_is_twilios", attach(", assignment_sid", &format!("2, 'trust_product', '{profile}', 'RA1'"))),
        ("attachments_leave_from_where_they_were", attach(", leaving", &format!("2, 'trust_product', '{profile}', true"))),
        ("attachments_stay_what_they_are", format!("UPDATE attachments SET target = '{other}'")),
        ("attachments_stay_what_they_are", "UPDATE attachments SET number_id = 2".to_owned()),
        ("nothing_is_forgotten", "DELETE FROM attachments".to_owned()),
        ("nothing_is_forgotten", "TRUNCATE attachments".to_owned()),
        ("attachment_targets_say_why", format!("INSERT INTO attachment_targets (target, full_since) VALUES ('{service}', now())")),
        ("attachment_targets_are_twilios", "INSERT INTO attachment_targets (target) VALUES ('MG1')".to_owned()),
        ("pool_wants_are_of_a_pool", format!("INSERT INTO pool_wants VALUES ('gb', 'messaging_service', '{service}', 0)")),
        ("pool_wants_kind_is_known", format!("INSERT INTO pool_wants VALUES ('default', 'brand', '{profile}', 0)")),
        ("pool_wants_target_fits_its_kind", format!("INSERT INTO pool_wants VALUES ('default', 'messaging_service', '{profile}', 0)")),
        ("pool_wants_rank_counts_up", format!("INSERT INTO pool_wants VALUES ('default', 'messaging_service', '{service}', -1)")),
        (
            "pool_wants_one_per_rank",
            format!("INSERT INTO pool_wants VALUES ('default', 'messaging_service', '{service}', 0), ('default', 'messaging_service', '{other}', 0)"),
        ),
        (
            "pool_wants_one_profile",
            format!("INSERT INTO pool_wants VALUES ('default', 'customer_profile', '{profile}', 0), ('default', 'customer_profile', '{}', 1)", sid("BU", 6)),
        ),
        ("pools_registered_are_attached", "UPDATE pools SET needs_registered = true".to_owned()),
        ("pool_failures_count_up", "INSERT INTO pool_failures (pool, fingerprint, in_a_row, message) VALUES ('default', 'f', -1, 'x')".to_owned()),
        ("numbers_attachment_status_is_known", "ALTER TABLE numbers DISABLE TRIGGER numbers_know_what_they_lack; UPDATE numbers SET attachment_status = 'lost'".to_owned()),
        ("numbers_held_back_is_known", "UPDATE numbers SET held_back = 'tired'".to_owned()),
        ("numbers_registration_is_known", word("'lost'", "now()")),
        ("numbers_registration_has_a_time", "UPDATE numbers SET registration = 'pending' WHERE id = 2".to_owned()),
        ("numbers_mark_says_whose", "UPDATE numbers SET marked_ready_at = now() WHERE id = 2".to_owned()),
        ("registrations_go_forward", word("'registered'", "'2026-10-31'")),
        ("registrations_go_forward", word("'failed'", "'2026-11-01'")),
        ("registrations_go_forward", word("NULL", "NULL")),
        ("registrations_go_forward", format!("{}; {}", word("NULL", "registration_at"), word("'registered'", "registration_at"))),
    ]);
    // What only the owner may try is no rule for a clerk.
    let (owners, all): (Vec<_>, Vec<_>) = statements.iter().partition(|(_, statement)| statement.starts_with("ALTER"));
    let pairs: Vec<(&str, &str)> = all.iter().map(|(name, statement)| (*name, statement.as_str())).collect();
    refused(&rows.world, &pairs);
    for (name, statement) in owners {
        let error = rows
            .world
            .database
            .psql(&format!("SET search_path = callbunker; BEGIN; {statement}"))
            .expect_err("refused");
        assert!(error.to_string().contains(name), "{error}");
    }
    // The last line, should a hand switch the triggers off.
    let past = "SET search_path = callbunker; SET session_replication_role = replica;";
    rows.world.sql("UPDATE numbers SET held_back = 'attaching' WHERE id = 3");
    for statement in ["SET ready = true", "SET status = 'active', ready = NOT ready"] {
        let error =
            rows.world.database.psql(&format!("{past} UPDATE numbers {statement} WHERE id = 3")).expect_err("refused");
        assert!(error.to_string().contains("numbers_ready_says_what_is_so"), "{error}");
    }
}
