//! One statement for everybody who gathered: who has a number gets it again, who has one at rest gets it back, the others
//! get the oldest stock of their pool, area-code wishes first. Whoever wishes for nothing is served by one statement, whatever
//! the pools; one wish costs one for its ladder, and many wishes a few together ([`wishes`](super::wishes)).
//!
//! Invariants: each request is answered on its own, one bad one harms no other; users are distinct within a statement; who was given a
//! number by a statement that stands is told so, whatever became of a later one.
//! How to get it wrong: taking a unique violation for a failure. It means that the user got a number elsewhere a moment
//! ago, so the whole batch is tried again and finds it.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};

use super::ask::Ask;
use super::found::{Found, LOCKED_PAUSE, LOCKED_TRIES_MAX, give, known, unserved};
use super::wishes::{Wishing, claim_wishes};
use crate::db::assignments::{
    Asking, Assignment, Codes, assignments_claim, assignments_claim_any, assignments_claim_apart,
    assignments_claim_near,
};
use crate::db::stock::{stock_available_apart, stock_available_in, stock_available_up_to};
use crate::db::waiters::waiters_any;
use crate::db::{Connection, Constraint, DbError, understood};
use crate::domain::{AreaCode, AssignmentSource, CountryCode, Ladder, Match, PoolName, UserId};

/// Times a batch is tried again because a user got a number elsewhere meanwhile.
const CLASHES_MAX: u32 = 5;

/// Serves `asks`, whose users are distinct. Every user is in the answer.
pub(super) fn serve(conn: &mut Connection, asks: &[Ask]) -> Result<HashMap<UserId, Found>, DbError> {
    let mut found: HashMap<UserId, Found> = HashMap::with_capacity(asks.len());
    match serve_unless_clash(conn, asks, &mut found) {
        Err(error) if error.is_unavailable() => return Err(error),
        // One request must not spoil the batch: each on its own.
        Err(_) if asks.len() > 1 => asks.iter().try_for_each(|ask| alone(conn, ask, &mut found))?,
        other => other?,
    }
    Ok(found)
}

fn alone(conn: &mut Connection, ask: &Ask, found: &mut HashMap<UserId, Found>) -> Result<(), DbError> {
    let Err(error) = serve_unless_clash(conn, std::slice::from_ref(ask), found) else { return Ok(()) };
    // What the server's state explains is no request's fault, in whatever words it is told: the whole batch hears it.
    match understood(conn, error) {
        error if error.is_unavailable() => Err(error),
        error => {
            found.insert(ask.user_id.clone(), Found::Failed(error.in_full()));
            Ok(())
        }
    }
}

fn serve_unless_clash(conn: &mut Connection, asks: &[Ask], found: &mut HashMap<UserId, Found>) -> Result<(), DbError> {
    let mut clashes = 0;
    loop {
        match serve_once(conn, asks, found) {
            Err(
                DbError::Constraint(Constraint::OneLivePerUser | Constraint::SomebodysMeanwhile) | DbError::Collided(_),
            ) if clashes < CLASHES_MAX => {
                clashes += 1;
            }
            other => return other,
        }
    }
}

/// Serves whoever is not among `found` yet.
fn serve_once(conn: &mut Connection, asks: &[Ask], found: &mut HashMap<UserId, Found>) -> Result<(), DbError> {
    let mut plain: Vec<&Ask> = Vec::with_capacity(asks.len());
    let mut wishing: Vec<Wishing<'_>> = Vec::new();
    let mut elsewhere: BTreeMap<(CountryCode, Option<AreaCode>), Vec<&Ask>> = BTreeMap::new();
    for ask in asks.iter().filter(|ask| !found.contains_key(&ask.user_id)) {
        match (ask.country.filter(|_| ask.stock_only), ask.wish) {
            (Some(country), wish) => elsewhere.entry((country, wish)).or_default().push(ask),
            (None, Some(wish)) => wishing.push(Wishing::of(ask, wish)),
            (None, None) => plain.push(ask),
        }
    }
    // Who wishes for something first: others take whatever there is.
    serve_wishes(conn, found, &wishing)?;
    for ((country, wish), group) in elsewhere {
        claim_apart(conn, found, &group, country, wish)?;
    }
    claim_any(conn, found, &plain, assignments_claim)?;
    let rest: Vec<&Ask> = asks.iter().filter(|ask| !found.contains_key(&ask.user_id)).collect();
    known(conn, found, &rest)?;
    for ask in rest {
        let nothing = match ask.country.filter(|_| ask.stock_only) {
            Some(country) => Found::NoSuchCountry(country),
            None if ask.strict && ask.wish.is_some() => Found::NotThere,
            None => Found::Empty,
        };
        found.entry(ask.user_id.clone()).or_insert(nothing);
    }
    Ok(())
}

/// Serves those who wish for an area code: each from the nearest that is there, then whoever is left, and takes another, from any.
fn serve_wishes(
    conn: &mut Connection,
    found: &mut HashMap<UserId, Found>,
    wishing: &[Wishing<'_>],
) -> Result<(), DbError> {
    let Some(first) = wishing.first() else { return Ok(()) };
    let asks: Vec<&Ask> = wishing.iter().map(|one| one.ask).collect();
    if wishing.iter().all(|one| one.is_like(first)) {
        claim_near(conn, found, &asks, &first.ladder, first.ask.country)?;
    } else {
        claim_wishes(conn, found, wishing)?;
    }
    let others: Vec<&Ask> = asks.into_iter().filter(|ask| !ask.strict).collect();
    claim_any(conn, found, &others, assignments_claim_any)
}

/// Serves `asks` by `claim`. Rows that it passes over may be somebody else's for a moment only: a fresh statement, `has_more`, sees
/// whether any of a pool are committed ready, and as long as there are it is tried again.
fn claim_patiently(
    conn: &mut Connection,
    found: &mut HashMap<UserId, Found>,
    asks: &[&Ask],
    mut claim: impl FnMut(&mut Connection, &[&Ask]) -> Result<Vec<Assignment>, DbError>,
    mut has_more: impl FnMut(&mut Connection, &PoolName) -> Result<bool, DbError>,
) -> Result<(), DbError> {
    let mut waiting: Vec<&Ask> = unserved(found, asks).collect();
    for _try in 0..LOCKED_TRIES_MAX {
        if waiting.is_empty() {
            break;
        }
        give(found, claim(conn, &waiting)?);
        let still: Vec<&Ask> = unserved(found, &waiting).collect();
        known(conn, found, &still)?;
        let mut pools: BTreeMap<&PoolName, bool> = BTreeMap::new();
        waiting = Vec::new();
        for ask in unserved(found, &still) {
            let has_more = match pools.entry(&ask.pool) {
                Entry::Occupied(known) => *known.get(),
                Entry::Vacant(entry) => *entry.insert(has_more(conn, &ask.pool)?),
            };
            if has_more {
                waiting.push(ask);
            }
        }
        if !waiting.is_empty() {
            std::thread::sleep(LOCKED_PAUSE);
        }
    }
    Ok(())
}

/// Serves `asks` by `claim` from whatever their pools have.
fn claim_any(
    conn: &mut Connection,
    found: &mut HashMap<UserId, Found>,
    asks: &[&Ask],
    claim: fn(&mut Connection, &[Asking<'_>]) -> Result<Vec<Assignment>, DbError>,
) -> Result<(), DbError> {
    let has_more = |conn: &mut Connection, pool: &PoolName| {
        Ok(stock_available_up_to(conn, pool, 1)? > 0 && !waiters_any(conn, pool)?)
    };
    claim_patiently(conn, found, asks, |conn, waiting| claim(conn, &asking(waiting)), has_more)
}

/// Serves those of one pool and one wish from the nearest that is there.
fn claim_near(
    conn: &mut Connection,
    found: &mut HashMap<UserId, Found>,
    asks: &[&Ask],
    ladder: &Ladder,
    country: Option<CountryCode>,
) -> Result<(), DbError> {
    let near = Codes { codes: &ladder.codes, country, source: AssignmentSource::Pool };
    let has_more = |conn: &mut Connection, pool: &PoolName| {
        Ok(stock_available_in(conn, pool, near.codes, country)? && !waiters_any(conn, pool)?)
    };
    claim_patiently(conn, found, asks, |conn, waiting| assignments_claim_near(conn, &asking(waiting), &near), has_more)
}

/// Serves those who insist on a country that no pool has, from what lies there: of the area code that they wish for first.
fn claim_apart(
    conn: &mut Connection,
    found: &mut HashMap<UserId, Found>,
    asks: &[&Ask],
    country: CountryCode,
    wish: Option<AreaCode>,
) -> Result<(), DbError> {
    let claim = |conn: &mut Connection, waiting: &[&Ask]| {
        let mut given = Vec::new();
        if wish.is_some() {
            given = assignments_claim_apart(conn, &asking(waiting), country, wish, Some(Match::Exact))?;
        }
        // Nobody is left if all insist on their area code; then nothing is asked.
        let is_left = |ask: &&Ask| {
            (wish.is_none() || !ask.strict) && given.iter().all(|assignment| assignment.user_id != ask.user_id)
        };
        let others: Vec<&Ask> = waiting.iter().copied().filter(is_left).collect();
        let matched = wish.map(|_| Match::Any);
        given.extend(assignments_claim_apart(conn, &asking(&others), country, None, matched)?);
        Ok(given)
    };
    let has_more = |conn: &mut Connection, pool: &PoolName| stock_available_apart(conn, pool, country);
    claim_patiently(conn, found, asks, claim, has_more)
}

fn asking<'a>(asks: &[&'a Ask]) -> Vec<Asking<'a>> {
    asks.iter().map(|ask| ask.asking()).collect()
}

#[cfg(test)]
mod tests {
    use diesel::connection::SimpleConnection as _;
    use diesel::{Connection as _, PgConnection};
    use postgres_fixture::{Cluster, Database};
    use secrecy::SecretString;

    use super::*;
    use crate::db::{DatabaseUrl, migrate};

    /// A session at a schema with a number of each of these area codes.
    fn stocked(codes: &[&str]) -> (Database, PgConnection) {
        let database = Cluster::shared().create_database().expect("a database");
        migrate(&DatabaseUrl::new(&SecretString::from(database.url())), |_| {}).expect("the schema");
        let mut conn = PgConnection::establish(database.url()).expect("a session");
        conn.batch_execute("SET search_path = callbunker").expect("its path");
        stock(&mut conn, codes);
        (database, conn)
    }

    fn stock(conn: &mut PgConnection, codes: &[&str]) {
        for code in codes {
            conn.batch_execute(&format!(
                "INSERT INTO numbers (sid, phone_number, country, area_code, status, webhook_status, capable, purchased_at, pool)
                 VALUES ('PN' || lpad('{code}', 32, '0'), '+1{code}5550100', 'US', '{code}', 'active', 'configured', true,
                         clock_timestamp(), 'default')"
            ))
            .expect("stock");
        }
    }

    fn ask(user: &str, wish: Option<&str>) -> Ask {
        Ask {
            user_id: user.parse().unwrap(),
            pool: PoolName::default_pool(),
            only_pool: false,
            wish: wish.map(|digits| digits.parse().unwrap()),
            strict: false,
            country: None,
            stock_only: false,
        }
    }

    #[test]
    fn whoever_was_given_a_number_before_another_one_clashed_had_none_before() {
        let (_database, mut conn) = stocked(&["907", "415"]);
        // As if the user got a number elsewhere at that moment, once.
        conn.batch_execute(
            "CREATE SEQUENCE clashes;
             CREATE FUNCTION clash() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN
                 IF nextval('clashes') = 1 THEN
                     RAISE unique_violation USING CONSTRAINT = 'leases_one_per_user', MESSAGE = 'somebody was first';
                 END IF;
                 RETURN NEW;
             END $$;
             CREATE TRIGGER clash BEFORE UPDATE ON leases FOR EACH ROW WHEN (NEW.user_id = 'takes-any') EXECUTE FUNCTION clash()",
        )
        .expect("a trigger");
        let asks = [ask("takes-any", None), ask("wishes", Some("907"))];
        let found = serve(&mut conn, &asks).expect("both are served");
        for ask in &asks {
            assert!(matches!(found.get(&ask.user_id), Some(Found::Given(_))), "{found:?}");
        }
    }

    #[test]
    fn whoever_asks_again_keeps_nobody_from_the_nearest_number() {
        let (_database, mut conn) = stocked(&["212"]);
        let again = ask("again", Some("415"));
        serve(&mut conn, std::slice::from_ref(&again)).expect("it is served");
        stock(&mut conn, &["628", "415"]);
        // What they wish for is not alike, so that it is shared out.
        let newcomer = Ask { country: Some("US".parse().unwrap()), ..ask("newcomer", Some("415")) };
        let found = serve(&mut conn, &[again, newcomer.clone()]).expect("both are served");
        let Some(Found::Given(given)) = found.get(&newcomer.user_id) else { panic!("{found:?}") };
        assert_eq!(given.matched, Some(Match::Exact), "{given:?}");
    }
}
