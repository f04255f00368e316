//! Whether Twilio has numbers as a pool wants them; if not, which of its wishes is too much.
//!
//! How to get it wrong: calling few rows a shortage. A search shows about thirty, however many there are.

use super::bounds::{Bounds, Silence};
use super::report::{Check, CheckName};
use crate::config::PoolConfig;
use crate::domain::{Market, Place, PoolKey, PoolName};
use crate::twilio::{Found, Twilio, TwilioError, Verdict};

/// Searches show about 30 rows.
const ROWS_EXPECTED: usize = 20;
/// So many of `area_codes` are looked at, until one has numbers.
const AREA_CODES_LOOKED_AT: usize = 5;

pub(super) async fn look(name: &PoolName, pool: &PoolConfig, twilio: &Twilio, bounds: &Bounds) -> Check {
    let (what, market) = (CheckName::Stock.of(Some(name)), pool.market());
    let found = match search(&market, twilio, bounds).await {
        Ok(found) => found,
        Err(Silence::Failed { failure: TwilioError::Refused(refusal), .. })
            if refusal.verdict() == Verdict::HaltPool(PoolKey::NumberType) =>
        {
            let todo = format!("Set {} or {} to what Twilio sells.", name.key("number_type"), name.key("country"));
            return what.fail(refusal.message, todo);
        }
        Err(silence) => return silence.told(what),
    };
    let (rows, kind) = (found.candidates.len(), pool.kind());
    if rows == 0 && found.odd > 0 {
        let detail = format!("{} rows were shown for {kind}, and none can be read", found.odd);
        return what
            .warn(detail, "Look whether there is a newer version of callbunker; Twilio's answers have changed.");
    }
    if rows == 0 {
        return none(name, pool, twilio, bounds).await.unwrap_or_else(|silence| {
            // What lacks is known, and which wish is too much is not: whoever changed another one would look in vain.
            let why = silence.told(CheckName::Stock.of(Some(name)));
            what.fail(
                format!("no number of {kind} is for sale as this pool wants it; which wish is too much {}", why.detail),
                "Check again in a while: it says then which key to change.",
            )
        });
    }
    let enough = ROWS_EXPECTED.min(usize::try_from(pool.replenishment_batch_size).unwrap_or(ROWS_EXPECTED));
    if rows < enough {
        let todo = format!("Widen what {} wishes for, or lower {}.", name.path(), name.key("threshold_low"));
        return what.warn(format!("only {rows} numbers are for sale as this pool wants them ({kind})"), todo);
    }
    match dry_area_codes(pool, &market, twilio, bounds).await {
        Some(dry) => {
            let todo =
                format!("Give other area codes in {}; until then numbers of any are bought.", name.key("area_codes"));
            what.warn(format!("{rows} numbers of {kind} are shown, but none in area code {dry}"), todo)
        }
        None => what.pass(format!("{rows} numbers of {kind} are shown that this pool could buy")),
    }
}

async fn search(market: &Market, twilio: &Twilio, bounds: &Bounds) -> Result<Found, Silence> {
    bounds.ask("the stock", || twilio.search(market)).await
}

/// Whether the market shows any.
async fn shows_any(market: &Market, twilio: &Twilio, bounds: &Bounds) -> Result<bool, Silence> {
    search(market, twilio, bounds).await.map(|found| !found.candidates.is_empty())
}

/// The first of the wished area codes, when none of them has a number. One that cannot be asked counts as having some.
async fn dry_area_codes(pool: &PoolConfig, market: &Market, twilio: &Twilio, bounds: &Bounds) -> Option<String> {
    let codes: Vec<_> = pool.area_codes.iter().take(AREA_CODES_LOOKED_AT).collect();
    for code in &codes {
        let of_code = Market { place: Place::Code(**code), ..market.clone() };
        match search(&of_code, twilio, bounds).await {
            Ok(found) if found.candidates.is_empty() => {}
            Ok(_) | Err(_) => return None,
        }
    }
    let names: Vec<&str> = codes.iter().map(|code| code.as_str()).collect();
    (!names.is_empty()).then(|| names.join(", "))
}

/// Why there is none: the wish without which there are some.
async fn none(name: &PoolName, pool: &PoolConfig, twilio: &Twilio, bounds: &Bounds) -> Result<Check, Silence> {
    let (what, market, kind) = (CheckName::Stock.of(Some(name)), pool.market(), pool.kind());
    let with_an_address = Market { shows_address: true, ..market.clone() };
    if !market.shows_address && shows_any(&with_an_address, twilio, bounds).await? {
        let detail = format!("every number of {kind} that is for sale needs an address");
        return Ok(what.fail(detail, format!("Set {} to an address of the account.", name.key("address_sid"))));
    }
    let able_to_anything = Market { capabilities: Vec::new(), ..with_an_address.clone() };
    if !market.capabilities.is_empty() && shows_any(&able_to_anything, twilio, bounds).await? {
        let wanted: Vec<String> = market.capabilities.iter().map(ToString::to_string).collect();
        let detail = format!("no number of {kind} that is for sale has all of {}", wanted.join(", "));
        let todo = format!("Ask for less in {}, or set {}.", name.key("capabilities"), name.key("number_type"));
        return Ok(what.fail(detail, todo));
    }
    let anywhere = Market { place: Place::Anywhere, contains: None, ..with_an_address.clone() };
    if anywhere != with_an_address && shows_any(&anywhere, twilio, bounds).await? {
        let keys = [
            ("locality", pool.locality.is_some()),
            ("region", pool.region.is_some()),
            ("contains", pool.contains.is_some()),
        ];
        let keys: Vec<String> = keys.iter().filter(|(_, is_given)| *is_given).map(|(key, _)| name.key(key)).collect();
        let detail = format!("numbers of {kind} are for sale, but none as {} wants them", keys.join(" and "));
        return Ok(what.fail(detail, format!("Widen or remove {}.", keys.join(" or "))));
    }
    let todo = format!(
        "Set {} or {} to what Twilio has, or wait for new stock.",
        name.key("number_type"),
        name.key("country")
    );
    Ok(what.fail(format!("no number of {kind} is for sale as this pool wants it"), todo))
}
