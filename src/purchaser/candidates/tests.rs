//! Whose candidates are whose, and when a lane climbs.

use super::*;
use crate::db::pool_halts::Keys;
use crate::domain::{CountryCode, NumberType, Papers, Place};

const US: Kind = Kind { country: CountryCode::US, number_type: NumberType::Local };

fn pool() -> PoolInForce {
    PoolInForce {
        keys: Keys::default(),
        kind: US,
        area_codes: Vec::new(),
        place: Place::Anywhere,
        contains: None,
        capabilities: Vec::new(),
        papers: Papers::default(),
    }
}

fn code(text: &str) -> AreaCode {
    text.parse().unwrap()
}

/// An order that looks at these area codes in turn, and then anywhere.
fn order(places: &[Place]) -> Candidates {
    let area_codes = places.iter().filter_map(|place| if let Place::Code(code) = place { Some(*code) } else { None });
    let pool = PoolInForce { area_codes: area_codes.collect(), ..pool() };
    Candidates::of_order(&pool, US, Near { area_code: None, fallback: true })
}

/// Those who wait: so many of each wish.
fn waiters(wishes: &[(Option<&str>, u32)]) -> Candidates {
    let mut candidates = Candidates::for_waiters(&pool());
    serve(&mut candidates, wishes);
    candidates
}

fn serve(candidates: &mut Candidates, wishes: &[(Option<&str>, u32)]) {
    let wishes: Vec<_> = wishes.iter().map(|(wish, count)| (wish.map(code), *count)).collect();
    candidates.serve(&pool(), &wishes);
}

/// What a search came back with: `shown` numbers of these area codes.
fn found(search: &Search, shown: &[&str]) -> Found {
    let number = |(position, text): (usize, &&str)| Candidate {
        phone_number: format!("+1{text}55501{position:02}").parse().unwrap(),
        says_none: true,
    };
    Found {
        asked: search.asked(),
        place: search.place().clone(),
        candidates: shown.iter().enumerate().map(number).collect(),
        none_there: shown.is_empty(),
    }
}

/// Searches as a first look does; `stock` has so many numbers of these area codes.
fn look(candidates: &mut Candidates, stock: &[(&str, usize)]) -> Vec<Place> {
    let mut places = Vec::new();
    while let Some(search) = candidates.next_first_search(&pool()) {
        let is_there = |code: &str| match search.place() {
            Place::Code(wanted) => wanted.as_str() == code,
            Place::Region(name) => {
                self::code(code).region().is_some_and(|region| region.names().any(|known| known == *name))
            }
            Place::Anywhere | Place::Locality { .. } => true,
        };
        let shown = stock.iter().filter(|(code, _)| is_there(code));
        let shown: Vec<&str> = shown.flat_map(|(code, count)| std::iter::repeat_n(*code, *count)).collect();
        candidates.add(found(&search, &shown), false);
        places.push(search.place().clone());
    }
    candidates.begin_anew();
    places
}

/// The area codes of what is taken, in order.
fn take(candidates: &mut Candidates, most: usize) -> Vec<String> {
    let taken = candidates.take(most).into_iter();
    let mut codes: Vec<String> = taken.map(|found| found.phone_number.as_str()[2..5].to_owned()).collect();
    codes.sort();
    codes
}

#[test]
fn a_number_is_tried_once_and_an_empty_place_gives_way_to_the_next() {
    let mut candidates = order(&[Place::Code(code("415")), Place::Anywhere]);
    let search = candidates.next_search(&pool()).unwrap();
    candidates.add(found(&search, &["415", "415"]), false);
    assert_eq!(candidates.take(5).len(), 2);
    let search = candidates.next_search(&pool()).unwrap();
    candidates.add(found(&search, &["415"]), false);
    let search = candidates.next_search(&pool()).unwrap();
    assert_eq!(*search.place(), Place::Anywhere);
    candidates.add(found(&search, &[]), false);
    assert!(candidates.are_exhausted());
}

#[test]
fn a_search_that_shows_only_what_is_in_flight_is_repeated_after_a_create_ended() {
    let mut candidates = order(&[Place::Anywhere]);
    let search = candidates.next_search(&pool()).unwrap();
    candidates.add(found(&search, &["415"]), false);
    candidates.take(1);
    let search = candidates.next_search(&pool()).unwrap();
    candidates.add(found(&search, &["415"]), true);
    assert!(candidates.next_search(&pool()).is_none() && !candidates.are_exhausted());
    candidates.moved();
    assert!(candidates.next_search(&pool()).is_some());
}

#[test]
fn each_lane_climbs_until_it_has_something_and_one_without_a_wish_does_not_wait_for_it() {
    let mut candidates = waiters(&[(Some("415"), 1), (None, 1)]);
    let first = candidates.next_first_search(&pool()).unwrap();
    assert_eq!(*first.place(), Place::Anywhere, "they are looked for first");
    candidates.begin_anew();
    let places = look(&mut candidates, &[("213", 2), ("907", 1)]);
    let expected = [Place::Anywhere, Place::Code(code("415")), Place::Code(code("628"))];
    assert_eq!(places, expected, "its state was found meanwhile");
    assert_eq!(candidates.len(), 2);
    let taken = take(&mut candidates, 9);
    assert!(taken.contains(&"213".to_owned()), "{taken:?}");
    assert!(candidates.are_exhausted(), "nobody lacks anything");
}

#[test]
fn a_lane_gives_as_many_as_it_has_waiters_and_lends_what_is_left() {
    let mut candidates = waiters(&[(Some("628"), 1), (Some("415"), 2), (Some("212"), 1)]);
    let places = look(&mut candidates, &[("628", 5)]);
    let of_415 = [Place::Code(code("415"))];
    assert_eq!(places.iter().filter(|place| of_415.contains(place)).count(), 1);
    assert!(!places.contains(&Place::Region("CA".parse().unwrap())), "its overlay was found for somebody else");
    assert_eq!(candidates.len(), 4, "New York has nothing nearer");
    assert_eq!(take(&mut candidates, 9), ["628"; 4]);
}

#[test]
fn nobody_takes_what_lies_nearer_to_another() {
    let mut candidates = waiters(&[(Some("415"), 1), (Some("628"), 1), (None, 1)]);
    look(&mut candidates, &[("628", 1), ("213", 1), ("907", 5)]);
    let first = candidates.take(1);
    assert_eq!(&first[0].phone_number.as_str()[..5], "+1628");
    assert_eq!(candidates.given[&first[0].phone_number], 2, "the lane that wished for it");
}

#[test]
fn what_was_not_to_be_had_leaves_its_lane_wanting() {
    let mut candidates = waiters(&[(Some("415"), 1), (Some("212"), 1)]);
    look(&mut candidates, &[("415", 2), ("212", 2)]);
    let taken = candidates.take(9);
    assert_eq!((taken.len(), candidates.len()), (2, 0));
    let of_415 = taken.iter().find(|found| found.phone_number.as_str().starts_with("+1415")).unwrap();
    candidates.not_to_be_had(&of_415.phone_number);
    candidates.not_to_be_had(&of_415.phone_number);
    assert_eq!(take(&mut candidates, 9), ["415"], "the second one of the same area code, and once");
}

#[test]
fn who_comes_later_is_looked_for_and_who_is_served_wants_nothing_more() {
    let mut candidates = waiters(&[(Some("415"), 2)]);
    look(&mut candidates, &[("415", 3)]);
    assert_eq!(take(&mut candidates, 1), ["415"]);
    serve(&mut candidates, &[(Some("212"), 1), (Some("415"), 1)]);
    let search = candidates.next_search(&pool()).unwrap();
    assert_eq!(*search.place(), Place::Code(code("212")));
    serve(&mut candidates, &[]);
    assert!(candidates.next_search(&pool()).is_none() && candidates.are_exhausted());
    assert_eq!(candidates.len(), 0);
}

fn fails(search: &Search) -> Failed {
    Failed { asked: search.asked(), shortfall: Shortfall::Twilio(crate::twilio::TwilioError::NotSent("no".to_owned())) }
}

#[test]
fn one_wishs_search_that_fails_keeps_nobody_else_waiting() {
    let mut candidates = waiters(&[(Some("415"), 1), (Some("212"), 1)]);
    let of_415 = candidates.next_first_search(&pool()).unwrap();
    candidates.failed(fails(&of_415)).unwrap();
    assert_eq!(look(&mut candidates, &[("212", 1)]), [Place::Code(code("212"))]);
    assert_eq!(take(&mut candidates, 9), ["212"]);
    assert!(candidates.are_exhausted() && candidates.failure().is_some(), "and it is told why one goes without");
    let mut candidates = waiters(&[(Some("415"), 1)]);
    let search = candidates.next_first_search(&pool()).unwrap();
    let halted = Failed { shortfall: Shortfall::Stopping, ..fails(&search) };
    assert!(candidates.failed(halted).is_err(), "what stops everybody is told at once");
}

#[test]
fn what_a_reload_makes_the_pool_want_otherwise_is_searched_anew_and_nothing_is_tried_twice() {
    let mut candidates = waiters(&[(Some("415"), 1), (None, 2)]);
    look(&mut candidates, &[("415", 2), ("907", 1)]);
    candidates.heed(&PoolInForce { papers: Papers::default(), ..pool() });
    assert_eq!((candidates.len(), candidates.changes()), (3, 0), "nothing that matters changed");
    let tried = candidates.take(1).remove(0);
    let under_way = Search::new(&pool(), US, Place::Anywhere, Asked { lane: 0, changes: 0 });
    let capabilities = vec![Capability::Mms];
    let changed = PoolInForce { capabilities: capabilities.clone(), ..pool() };
    candidates.heed(&changed);
    assert_eq!((candidates.len(), candidates.capabilities()), (0, capabilities.as_slice()));
    candidates.add(found(&under_way, &["212"]), false);
    candidates.failed(fails(&under_way)).unwrap();
    assert_eq!((candidates.len(), candidates.failure().is_none()), (0, true), "what was under way counts no more");
    look(&mut candidates, &[("415", 2), ("907", 1)]);
    let numbers: Vec<PhoneNumber> = candidates.take(9).into_iter().map(|found| found.phone_number).collect();
    assert!(numbers.len() == 2 && !numbers.contains(&tried.phone_number), "{numbers:?}");
}
