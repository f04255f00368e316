//! What is wrong with what a pool wishes for: none of it is for sale, and it is said which wish is too much.

use twilio_simulator::{AddressRequirement, Fault, FaultKind, MarketOrder, NumberKind, On};

use super::{Wrong, each_is_named};

const NONE: (&str, Option<&str>, &str) = ("stock", Some("default"), "fail");
const FEW: (&str, Option<&str>, &str) = ("stock", Some("default"), "warn");

#[test]
fn each_wish_that_is_too_much_is_named() {
    each_is_named(&[
        Wrong {
            name: "nothing for sale",
            arrange: |place| place.twilio.set_stock_of("US", NumberKind::Local, 0),
            code: 1,
            line: NONE,
            says: ("no number of US, local is for sale", "pool.number_type"),
        },
        Wrong {
            name: "a type that the country lacks",
            arrange: |place| {
                place.set("pools.au.country", "AU");
                place.twilio.set_regulated("AU", false);
            },
            code: 1,
            line: ("stock", Some("au"), "fail"),
            says: ("Twilio sells no local numbers of AU", "pools.au.number_type"),
        },
        Wrong {
            name: "numbers that all need an address",
            arrange: |place| place.twilio.set_market(MarketOrder::new("US").address(AddressRequirement::Any)),
            code: 1,
            line: NONE,
            says: ("needs an address", "pool.address_sid"),
        },
        Wrong {
            name: "a capability that none has",
            arrange: |place| place.set("pool.capabilities", "voice,fax"),
            code: 1,
            line: NONE,
            says: ("has all of voice, fax", "pool.capabilities"),
        },
        Wrong {
            name: "digits that none has",
            arrange: |place| place.set("pool.contains", "9999999999"),
            code: 1,
            line: NONE,
            says: ("none as pool.contains wants", "Widen or remove pool.contains"),
        },
        Wrong {
            name: "digits that none has, while nobody can say that it is them",
            arrange: |place| {
                place.set("pool.contains", "9999999999");
                place.twilio.fault(Fault::new(On::Search, FaultKind::Error503).after(1).forever());
            },
            code: 1,
            line: NONE,
            says: ("which wish is too much could not be looked at", "Check again"),
        },
        Wrong {
            name: "a town without numbers",
            arrange: |place| place.set("pool.locality", "Nowhere"),
            code: 1,
            line: NONE,
            says: ("none as pool.locality wants", "pool.locality"),
        },
        Wrong {
            name: "an area code that is sold out",
            arrange: |place| {
                place.set("pool.area_codes", "415,628");
                place.twilio.set_stock("US", "415", 0);
                place.twilio.set_stock("US", "628", 0);
            },
            code: 0,
            line: FEW,
            says: ("none in area code 415, 628", "pool.area_codes"),
        },
        Wrong {
            name: "fewer than a batch",
            arrange: |place| place.twilio.set_search_cap(3),
            code: 0,
            line: FEW,
            says: ("only 3 numbers", "pool.threshold_low"),
        },
        Wrong {
            name: "rows that nobody can read",
            arrange: |place| {
                place.twilio.set_search_cap(1);
                place.twilio.fault(Fault::new(On::Search, FaultKind::OddRow).field("phone_number").forever());
            },
            code: 0,
            line: FEW,
            says: ("none can be read", "newer version"),
        },
        Wrong {
            name: "searches that fail",
            arrange: |place| place.twilio.fault(Fault::new(On::Search, FaultKind::Error503).forever()),
            code: 0,
            line: FEW,
            says: ("could not be looked at", "Check again"),
        },
    ]);
}
