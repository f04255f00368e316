//! What `[pool]` and each `[pools.NAME]` may say: ranges, hints, and the rules that neither they nor a type can say.
//!
//! How to get it wrong: refusing an area code that the numbering plan's table does not know. New ones come several times a year.

use std::collections::BTreeSet;

use super::pool::PoolConfig;
use super::pool_attachments::check_attachments;
use super::pool_boosts::check_boosts;
use super::pool_webhooks::PoolWebhooks;
use crate::config::section::{Checks, Range, Section, field_names, range};
use crate::domain::{NumberType, Region};

/// The longest a locality may be.
const LOCALITY_BYTES_MAX: usize = 100;

impl Section for PoolConfig {
    const NAME: &'static str = "pool";
    const RANGES: &'static [Range] = &[
        range("threshold_low", 0, 100_000, "numbers"),
        range("replenishment_batch_size", 1, 100, "numbers"),
        range("total_min", 0, 100_000, "numbers"),
        range("available_max", 0, 100_000, "numbers"),
        range("owned_max", 0, 1_000_000, "numbers"),
        range("purchases_per_day_max", 0, 1_000_000, "purchases"),
        range("quarantine_hours", 0, 87_600, "hours"),
    ];
    const HINTS: &'static [(&'static str, &'static str)] = &[
        ("country", "a country code of two capital letters, such as US"),
        ("number_type", "local, mobile, toll_free or national"),
        ("area_codes", "a list of area codes, each three digits in quotes, such as [\"415\", \"628\"]"),
        ("locality", "the name of a town, such as \"San Francisco\""),
        ("region", "a state or province of two capital letters, such as \"CA\""),
        ("contains", "2 to 16 characters of 0-9, A-Z, a-z, * and %; the first may be +, the last may be $"),
        ("capabilities", "a list of voice, sms, mms and fax"),
        ("address_sid", "AD and 32 hexadecimal digits"),
        ("bundle_sid", "BU and 32 hexadecimal digits"),
        ("identity_sid", "RI and 32 hexadecimal digits"),
        ("messaging_services", "a list of messaging services, each MG and 32 hexadecimal digits in quotes"),
        ("ready_for", "voice or sms"),
        ("sms_ready_when", "attached or registered"),
        ("customer_profile", "BU and 32 hexadecimal digits"),
        ("trust_products", "a list of trust products, each BU and 32 hexadecimal digits in quotes"),
        (
            "boosts",
            "tables [[pool.boosts]] or [[pools.NAME.boosts]] in the file, each with from, until and threshold_low; instants have an \
             offset, such as 2026-12-24T08:00:00Z",
        ),
        ("webhooks.public_app_url", "an https origin such as https://app.example.com"),
        ("webhooks.voice_application_sid", "AP and 32 hexadecimal digits"),
        ("webhooks.sms_application_sid", "AP and 32 hexadecimal digits"),
        ("webhooks.trunk_sid", "TK and 32 hexadecimal digits"),
    ];

    fn tables() -> Vec<(&'static str, &'static [&'static str])> {
        vec![("webhooks", field_names::<PoolWebhooks>())]
    }

    /// Only `[pool]` fills itself up unasked, and only it has a country that nobody named.
    fn defaults_at(path: &str) -> Self {
        let total_min = if path == Self::NAME { Self::default().total_min } else { 0 };
        Self { total_min, ..Self::default() }
    }

    fn check(&self, checks: &mut Checks<'_>) {
        check_policy(self, checks);
        if checks.section != Self::NAME && checks.is_left_out("country") {
            checks.refuse("country", "is missing", "give a country code of two capital letters, such as GB");
        } else {
            check_places(self, checks);
            check_area_codes(self, checks);
        }
        if self.capabilities.is_empty() {
            checks.refuse("capabilities", "is empty", "name at least one of voice, sms, mms and fax");
        }
        if has_duplicates(&self.capabilities) {
            checks.refuse("capabilities", "names a capability twice", "remove the duplicate");
        }
        check_attachments(self, checks);
        check_boosts(self, checks);
        self.webhooks.check(checks);
    }
}

fn check_policy(pool: &PoolConfig, checks: &mut Checks<'_>) {
    for (key, value) in [("threshold_low", pool.threshold_low), ("total_min", pool.total_min)] {
        if value > pool.available_max {
            let (low, high) = (checks.at(key), checks.at("available_max"));
            checks.refuse_together(
                &[key, "available_max"],
                format!("is {value}, above {high}, which is {}", pool.available_max),
                format!("lower {low} or raise {high}, else the pool is never full"),
            );
        }
    }
}

/// Wishes that only a country with area codes has places for.
fn check_places(pool: &PoolConfig, checks: &mut Checks<'_>) {
    let (country, has_places) = (pool.country, pool.country.has_area_codes());
    for key in ["area_codes", "locality", "region"] {
        let is_given = match key {
            "area_codes" => !pool.area_codes.is_empty(),
            "locality" => pool.locality.is_some(),
            _ => pool.region.is_some(),
        };
        if is_given && !has_places {
            let what = match key {
                "area_codes" => format!("is set, but Twilio has no area codes in {country}"),
                _ => format!("is set, but Twilio searches no {key} in {country}"),
            };
            let remedy = format!("remove {}, or set {} to US or CA", checks.at(key), checks.at("country"));
            checks.refuse_together(&[key, "country"], what, remedy);
        }
    }
    if let Some(region) = pool.region.filter(|_| has_places)
        && Region::of(country, region).is_none()
    {
        let what = format!("is {region}, and {country} has no state or province of that name");
        checks.refuse_together(&["region", "country"], what, "give one of two capital letters, such as CA");
    }
    if let Some(locality) = &pool.locality
        && (locality.trim().is_empty() || locality.len() > LOCALITY_BYTES_MAX || locality.contains(char::is_control))
    {
        checks.refuse("locality", "is not the name of a town", "give 1 to 100 characters without control characters");
    }
}

fn check_area_codes(pool: &PoolConfig, checks: &mut Checks<'_>) {
    let region = pool.region.and_then(|name| Region::of(pool.country, name));
    let of_places = pool.number_type != NumberType::TollFree;
    for code in pool.area_codes.iter().filter(|_| pool.country.has_area_codes()) {
        if let Some(country) = code.country().filter(|country| *country != pool.country) {
            let what = format!("names {code}, which is {country}'s");
            checks.refuse_together(&["area_codes", "country"], what, "remove it");
        } else if of_places && !code.is_geographic() {
            let what = format!("names {code}, which is no place's code (toll-free, personal or premium)");
            let remedy = format!("remove it: the pool buys {} numbers", pool.number_type.words());
            checks.refuse_together(&["area_codes", "number_type"], what, remedy);
        } else if !of_places && !code.is_toll_free() {
            let what = format!("names {code}, which is no toll-free code");
            checks.refuse_together(&["area_codes", "number_type"], what, "remove it: the pool buys toll-free numbers");
        } else if let (Some(wanted), Some(its)) = (region, code.region())
            && wanted != its
        {
            let what = format!("names {code}, which is in {its}");
            let remedy = format!("remove it, or {}, which is {wanted}", checks.at("region"));
            checks.refuse_together(&["area_codes", "region"], what, remedy);
        }
    }
    if pool.area_codes.len() > PoolConfig::AREA_CODES_MAX {
        checks.refuse("area_codes", "names more than 100 area codes", "keep those that matter most");
    }
    if has_duplicates(&pool.area_codes) {
        checks.refuse("area_codes", "names an area code twice", "remove the duplicate");
    }
}

fn has_duplicates<T: Ord>(items: &[T]) -> bool {
    items.iter().collect::<BTreeSet<_>>().len() < items.len()
}
