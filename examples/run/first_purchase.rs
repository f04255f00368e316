//! What the first purchase would cost, and the question whether it may be.
//!
//! Invariants: a question goes to a terminal and is answered there; anything but y or yes is a no; a script says `--yes`.
//! Where nothing lacks, nothing is agreed to: the day on which something does begins with the question.
//! How to get it wrong: reading the answer on the main thread. Ctrl-C would wait for a line.

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::sync::mpsc::{TryRecvError, channel};
use std::thread;
use std::time::Duration;

use serde::Deserialize;

use super::parts::Ended;
use super::parts::api::Api;
use super::parts::screen::say;
use super::parts::signals::Signals;
use super::policy::Policy;
use super::settings::Settings;

const LOOK_EVERY: Duration = Duration::from_millis(50);
/// The reasons of a plan whose pool lacks something, while nothing may be bought: no purchase a day, and what Twilio refuses.
const LACKS: [&str; 3] = ["spend_cap", "halted", "paused"];
/// The largest order that a price is told of.
const QUOTED_MAX: u32 = 100;

/// What somebody has agreed to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Agreement {
    /// To nothing: an order by hand that sets the caps aside is all that can buy.
    Nothing,
    /// To what the configuration buys, within its caps.
    Purchases,
}

/// What the daemon says it would buy.
#[derive(Deserialize)]
struct Plan {
    pools: Vec<PlanOfPool>,
}

#[derive(Deserialize)]
struct PlanOfPool {
    pool: String,
    why: String,
    stock: Stock,
}

/// What a pool has, and what comes.
#[derive(Deserialize)]
struct Stock {
    available: u32,
    unready: u32,
    registering: u32,
    due: u32,
    purchasing: u32,
    unsettled: u32,
    assigned: u32,
}

impl Stock {
    fn idle(&self) -> u32 {
        self.available + self.unready + self.registering + self.due + self.purchasing + self.unsettled
    }
}

/// What an order would cost.
#[derive(Deserialize)]
struct Quote {
    unit_price: Option<String>,
    price_unit: Option<String>,
    monthly_cost: Option<String>,
    price_error: Option<String>,
    balance: Option<Money>,
}

#[derive(Deserialize)]
struct Money {
    amount: String,
    currency: String,
}

/// Says what would be bought first and for how much, and asks. `api` is a daemon's that may buy nothing yet.
pub fn ask(
    settings: &Settings,
    signals: &mut Signals,
    api: &Api,
    policy: &Policy,
    could_buy: bool,
) -> Result<Agreement, Ended> {
    let lacking = lacking(api)?;
    if lacking.is_empty() {
        say("No pool lacks a number, so nothing is bought and nothing is asked. When one does, start again.");
        return Ok(Agreement::Nothing);
    }
    tell(api, policy, could_buy, &lacking)?;
    agreed(settings, signals)
}

/// The same where somebody agreed to less on an earlier day: each of `beyond` is a pool with how many of it were and are kept in stock.
pub fn ask_for_more(
    settings: &Settings,
    signals: &mut Signals,
    api: &Api,
    policy: &Policy,
    could_buy: bool,
    beyond: &[(String, u32, u32)],
) -> Result<Agreement, Ended> {
    say("The configuration keeps more in stock than was agreed to:");
    for (pool, before, now) in beyond {
        say(format!("  {pool}: up to {now}, and it was {before}"));
    }
    let lacking = lacking(api)?;
    if lacking.is_empty() {
        say("No pool lacks a number now.");
    } else {
        tell(api, policy, could_buy, &lacking)?;
    }
    agreed(settings, signals)
}

/// Says what would be bought first, and for how much.
fn tell(api: &Api, policy: &Policy, could_buy: bool, lacking: &[PlanOfPool]) -> Result<(), Ended> {
    if !could_buy {
        return Err(Some(
            "nothing is bought while a purchase could not succeed; do what the lines above say, and start again"
                .to_owned(),
        ));
    }
    let mut left = policy.at_once_max();
    let mut balance = None;
    say("What would be bought first:");
    for PlanOfPool { pool, stock, .. } in lacking {
        let count = policy.of(pool).lacks(stock.idle(), stock.assigned).min(left).min(QUOTED_MAX);
        left -= count;
        if count == 0 {
            say(format!("  {pool}: nothing today, since the caps leave nothing for it"));
            continue;
        }
        let path = format!("/plan?pool={pool}&count={count}&override_caps=true");
        let quote: Quote =
            api.get(&path).ok_or_else(|| "the daemon tells no price; its log says why. Start again".to_owned())?;
        say(quote.line(pool, count));
        balance = quote.balance.or(balance);
    }
    if let Some(Money { amount, currency }) = balance {
        say(format!("  The account has {amount} {currency}."));
    }
    say("Each number is paid at once and again each month, until you give it back.");
    Ok(())
}

/// The pools that want a number.
fn lacking(api: &Api) -> Result<Vec<PlanOfPool>, Ended> {
    let plan: Plan =
        api.get("/plan").ok_or_else(|| "the daemon tells no plan; its log says why. Start again".to_owned())?;
    Ok(plan.pools.into_iter().filter(|plan| LACKS.contains(&plan.why.as_str())).collect())
}

impl Quote {
    fn line(&self, pool: &str, count: u32) -> String {
        let numbers = if count == 1 { "1 number".to_owned() } else { format!("{count} numbers") };
        match (&self.unit_price, &self.monthly_cost, &self.price_unit) {
            (Some(price), Some(cost), Some(unit)) => {
                format!("  {pool}: {numbers} at {price} {unit} a month = {cost} {unit} now, and again each month")
            }
            _ => {
                let why = self.price_error.as_deref().unwrap_or("Twilio tells none");
                format!("  {pool}: {numbers}; the price is not known ({why})")
            }
        }
    }
}

fn agreed(settings: &Settings, signals: &mut Signals) -> Result<Agreement, Ended> {
    if settings.yes {
        say("Agreed to beforehand (--yes).");
        return Ok(Agreement::Purchases);
    }
    if !std::io::stdin().is_terminal() {
        return Err(Some("nobody is there to agree, so nothing was bought; a script says make run YES=1".to_owned()));
    }
    print!("Buy? [y/N] ");
    // Whoever does not see the question gives no yes.
    let _ = std::io::stdout().flush();
    match answer(signals)?.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Ok(Agreement::Purchases),
        _ => {
            say("Nothing was bought. make run asks again; what it keeps in stock stands in callbunker.toml.");
            Err(None)
        }
    }
}

/// A line from the terminal.
fn answer(signals: &mut Signals) -> Result<String, Ended> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut line = String::new();
        let read = std::io::stdin().lock().read_line(&mut line);
        // After Ctrl-C nobody waits for it.
        let _ = sender.send(read.map(|_| line));
    });
    loop {
        signals.wait(LOOK_EVERY)?;
        match receiver.try_recv() {
            Ok(Ok(line)) => return Ok(line),
            Ok(Err(_)) | Err(TryRecvError::Disconnected) => return Ok(String::new()),
            Err(TryRecvError::Empty) => {}
        }
    }
}
