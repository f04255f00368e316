//! The dashboard's acts as HTTP, which is how they work without a script: what a question says, where its result is told, and
//! what is not done for whoever did not type what it named.

use serde_json::json;
use twilio_simulator::{AccountStatus, ForeignNumber};

use crate::world::browser::{Browser, FORM, HTML, form, login};
use crate::world::comparing::{rename, rewire, stocked};
use crate::world::daemon::{Daemon, Reply};
use crate::world::session::Session;
use crate::world::{ADMIN_KEY, World, eventually};

const HOME: &str = "/admin/phones/dashboard";
const STAGING: &str = "callbunker:staging:6b1f7d0e-52a1-4b5c-9d1e-3f1a2b3c4d5e";

/// A question, as text.
fn question(daemon: &Daemon, act: &str) -> String {
    let page = daemon.get(&format!("{HOME}/acts/{act}"));
    assert_eq!(page.status, 200, "{act}: {page:?}");
    page.body.as_str().expect("a page").replace("&#39;", "'")
}

fn page(daemon: &Daemon, path: &str) -> String {
    let page = daemon.get(path);
    assert_eq!(page.status, 200, "{path}: {page:?}");
    page.body.as_str().expect("a page").replace("&#39;", "'")
}

fn has_a_button(question: &str) -> bool {
    let form = question.split("id=\"question\"").nth(1).expect("a question");
    form.split("</form>").next().unwrap_or_default().contains("<button type=\"submit\"")
}

fn act(daemon: &Daemon, act: &str, fields: &[(&str, &str)], headers: &[(&str, &str)]) -> Reply {
    let all = [&[("X-Admin-API-Key", ADMIN_KEY), FORM], headers].concat();
    daemon.send("POST", &format!("{HOME}/acts/{act}"), &all, Some(form(fields).as_bytes()))
}

/// What an act says of itself, with its mark.
fn said(answer: &Reply) -> String {
    assert_eq!(answer.status, 303, "{answer:?}");
    let cookie = answer.headers["set-cookie"].split(';').next().expect("a cookie");
    let kept = cookie.strip_prefix("callbunker_said=").expect("the message of an act");
    percent_encoding::percent_decode_str(kept).decode_utf8_lossy().into_owned()
}

fn escaped(number: &str) -> String {
    number.replace('+', "%2B")
}

#[test]
fn nothing_that_cannot_be_undone_is_done_without_what_the_question_names() {
    let (world, daemon, numbers) = stocked(1);
    let number = &numbers[0];
    let asked = question(&daemon, &format!("release-to-twilio?phone_number={}", escaped(number)));
    let digits = &number[8..];
    assert!(asked.contains(&format!("Type the last four digits, {digits}, to go on")), "{asked}");
    assert!(asked.contains("Nobody has it: it is in stock.") && asked.contains("cannot be undone"), "{asked}");
    for typed in ["", "0000x", &number[7..]] {
        let fields = [("phone_number", number.as_str()), ("confirm", typed)];
        let refused = act(&daemon, "release-to-twilio", &fields, &[]);
        let told = refused.problem(422, "invalid_field");
        assert!(told["detail"].as_str().unwrap().contains("confirm"), "{told:?}");
        let person = act(&daemon, "release-to-twilio", &fields, &[HTML]);
        assert_eq!(person.status, 422, "{person:?}");
        let again = person.body.as_str().expect("the question once more");
        assert!(again.contains("Nothing was done") && again.contains("aria-invalid"), "{again}");
        assert!(again.contains(&format!("name=\"phone_number\" value=\"{number}\"")), "{again}");
    }
    assert_eq!(world.twilio.truth().owned.len(), 1, "nothing was done");
    let last = "SELECT action, result, code FROM audit WHERE method = 'POST' ORDER BY id DESC LIMIT 1";
    assert_eq!(world.sql(last), "release-to-twilio|422|invalid_field");
    let done = act(&daemon, "release-to-twilio", &[("phone_number", number), ("confirm", &format!(" {digits} "))], &[]);
    assert!(said(&done).starts_with('+') && said(&done).contains("was given back"), "{done:?}");
    assert!(world.twilio.truth().owned.is_empty());
}

#[test]
fn a_users_number_that_another_environment_tagged_is_taken_back_by_its_name() {
    let (world, daemon, _) = stocked(2);
    let number = daemon.assign("user-2").ok()["phone_number"].as_str().unwrap().to_owned();
    let offer = format!("acts/adopt?phone_number={}\"", escaped(&number));
    let its_page = format!("{HOME}/numbers/{}", escaped(&number));
    assert!(!page(&daemon, &its_page).contains(&offer), "there is nothing to do");
    let asked = question(&daemon, &format!("adopt?phone_number={}", escaped(&number)));
    assert!(asked.contains("It is user-2's, and stays with user-2.") && !has_a_button(&asked), "{asked}");
    rename(&world, &number, STAGING);
    act(&daemon, "reconcile", &[], &[]);
    let home = page(&daemon, HOME);
    let card = home.split("id=\"comparison\"").nth(1).expect("the comparison's card");
    let card = card.split("</section>").next().unwrap();
    assert!(card.contains(&offer) && card.contains(" of user-2: ") && card.contains("staging"), "{card}");
    let told = page(&daemon, &its_page);
    assert!(told.contains(&offer), "{told}");
    assert!(
        told.contains("Another environment's tag stands on it since") && told.contains("is assigned to user-2"),
        "{told}"
    );
    assert!(told.contains("Another environment's tag was seen on it: staging."), "the history tells it: {told}");
    let document = daemon.get(&format!("/admin/phones/api/numbers/{number}")).ok();
    let why = document["why_not"].as_str().unwrap();
    assert!(why.starts_with("another environment's tag stands on it since "), "{why}");
    let asked = question(&daemon, &format!("adopt?phone_number={}", escaped(&number)));
    for words in [
        "It stays with user-2.",
        "It carries staging's tag. Staging loses it.",
        "Type the environment's name, staging,",
    ] {
        assert!(asked.contains(words), "{words}: {asked}");
    }
    assert!(!asked.contains("stock"), "{asked}");
    act(&daemon, "adopt", &[("phone_number", &number)], &[]).problem(422, "invalid_field");
    assert_eq!(world.twilio.truth().owned_number(&number).unwrap().friendly_name, STAGING, "nothing was done");
    // The question said that it stays with user-2: for a number that is somebody else's by now, the yes is none.
    assert!(asked.contains(r#"name="holder" value="user-2""#), "{asked}");
    let fields = [("phone_number", number.as_str()), ("confirm", "staging"), ("holder", "user-1")];
    assert!(said(&act(&daemon, "adopt", &fields, &[])).contains("It is not user-1's any more; nothing was done."));
    assert_eq!(world.twilio.truth().owned_number(&number).unwrap().friendly_name, STAGING, "nothing was done");
    let fields =
        [("phone_number", number.as_str()), ("confirm", "staging"), ("holder", "user-2"), ("back", its_page.as_str())];
    let done = act(&daemon, "adopt", &fields, &[]);
    assert_eq!(done.headers["location"], its_page, "back where it was asked");
    assert!(said(&done).contains("stays with user-2, and carries our tag. Staging has lost it."), "{}", said(&done));
    let told = page(&daemon, &its_page);
    assert!(
        !told.contains(&offer) && told.contains("put our tag in place of another environment's, staging"),
        "{told}"
    );
    let home = page(&daemon, HOME);
    assert!(!home.contains(&offer), "who decided is not asked again");
}

#[test]
fn the_adopt_question_says_whose_the_number_is() {
    let (world, daemon, numbers) = stocked(2);
    world.twilio.own(ForeignNumber::new("+14155550142").friendly_name("the old service"));
    world.twilio.own(ForeignNumber::new("+14155550143").friendly_name(STAGING));
    let asked = question(&daemon, "adopt?phone_number=%2B14155550142");
    assert!(asked.contains("no callbunker's") && asked.contains("leave empty to put it into stock"), "{asked}");
    assert!(!asked.contains("name=\"confirm\""), "{asked}");
    let asked = question(&daemon, "adopt?phone_number=%2B14155550143");
    assert!(
        asked.contains("It carries staging's tag. Staging loses it.") && asked.contains("name=\"confirm\""),
        "{asked}"
    );
    for (number, words) in [("+14155559999", "account does not have it"), (numbers[0].as_str(), "It is in stock")] {
        let asked = question(&daemon, &format!("adopt?phone_number={}", escaped(number)));
        assert!(asked.contains(words) && !has_a_button(&asked), "{asked}");
    }
    act(&daemon, "adopt", &[("phone_number", "+14155550143")], &[]).problem(422, "invalid_field");
    let untagged = act(&daemon, "adopt", &[("phone_number", "+14155550142"), ("user_id", "bea")], &[]);
    assert!(said(&untagged).contains("belongs to bea now."), "{}", said(&untagged));
    world.twilio.set_account_status(AccountStatus::Suspended);
    let asked = question(&daemon, "adopt?phone_number=%2B14155550143");
    assert!(asked.contains("cannot be adopted now") && !has_a_button(&asked), "{asked}");
}

#[test]
fn a_question_names_whose_number_it_is_and_has_no_button_where_it_cannot_be_done() {
    let (world, daemon, numbers) = stocked(3);
    let number = daemon.assign("ann").ok()["phone_number"].as_str().unwrap().to_owned();
    let shown = format!("+1 {} {} {}", &number[2..5], &number[5..8], &number[8..]);
    let asked = question(&daemon, "release-user?user_id=ann");
    assert!(asked.contains(&format!("Take {shown} from ann?")) && has_a_button(&asked), "{asked}");
    // A yes to that takes no other number that ann may have by then.
    let spare = numbers.iter().find(|other| **other != number).unwrap();
    let refused = act(&daemon, "release-user", &[("user_id", "ann"), ("phone_number", spare)], &[]);
    assert!(said(&refused).contains("ann has another number by now; nothing was done."), "{refused:?}");
    assert_eq!(daemon.assign("ann").ok()["replayed"], true);
    let asked = question(&daemon, "release-user?user_id=nobody");
    assert!(asked.contains("nobody has no number") && !has_a_button(&asked), "{asked}");
    let asked = question(&daemon, &format!("release-to-twilio?phone_number={}", escaped(&number)));
    assert!(asked.contains("It is ann's. Take it from ann first") && !has_a_button(&asked), "{asked}");
    let asked = question(&daemon, "release-to-twilio?phone_number=%2B14155550142");
    assert!(asked.contains("It is not callbunker's") && !has_a_button(&asked), "{asked}");
    let asked = question(&daemon, &format!("ignore?phone_number={}", escaped(&number)));
    assert!(asked.contains("It is ann's") && !has_a_button(&asked), "{asked}");
    let asked = question(&daemon, "unignore?phone_number=%2B14155550142");
    assert!(asked.contains("is not ignored") && !has_a_button(&asked), "{asked}");
    let asked = question(&daemon, "configure-webhooks");
    assert!(asked.contains("1 user has one."), "{asked}");
    rewire(&world, &number);
    let asked = question(&daemon, &format!("configure-webhooks?phone_number={}", escaped(&number)));
    assert!(asked.contains("It is ann's.") && has_a_button(&asked), "{asked}");
    let spare = numbers.iter().find(|other| **other != number).unwrap();
    let asked = question(&daemon, &format!("release-to-twilio?phone_number={}", escaped(spare)));
    assert!(asked.contains("it is in stock") && has_a_button(&asked), "{asked}");
}

#[test]
fn a_result_is_told_where_its_question_was_asked_and_nowhere_but_on_pages_of_ours() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let from = |referer: &str| {
        let headers = [("X-Admin-API-Key", ADMIN_KEY), ("Referer", referer)];
        let page = daemon.send("GET", &format!("{HOME}/acts/pause"), &headers, None);
        let html = page.body.as_str().expect("a page").to_owned();
        let back = html.split("name=\"back\" value=\"").nth(1).expect("the way back");
        let back = back.split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&");
        let link = html.split("data-close").next().and_then(|before| before.rsplit("href=\"").next());
        let link =
            link.and_then(|link| link.split('"').next()).expect("a no").replace("&#38;", "&").replace("&amp;", "&");
        assert_eq!(link, back, "a no leads there, too");
        back
    };
    let list = format!("{HOME}/numbers?status=available&size=25");
    assert_eq!(from(&format!("{}{list}", daemon.url)), list);
    assert_eq!(from(&format!("{}{HOME}/acts/pause", daemon.url)), HOME, "a question is no place to go back to");
    assert_eq!(from("https://evil.example/"), HOME);
    let told = |back: &str| act(&daemon, "resume", &[("back", back)], &[]).headers["location"].clone();
    assert_eq!(told(&list), list);
    for evil in
        ["https://evil.example/", "//evil.example", "/admin/logout", "/admin/phones/dashboard.evil.example", "x"]
    {
        assert_eq!(told(evil), HOME, "{evil}");
    }
    // One that was ignored has no page any more when it is ignored no more: the list has the word.
    world.twilio.own(ForeignNumber::new("+14155550142").friendly_name("the old service"));
    act(&daemon, "ignore", &[("phone_number", "+14155550142")], &[]);
    let its_page = format!("{HOME}/numbers/%2B14155550142");
    let done = act(&daemon, "unignore", &[("phone_number", "+14155550142"), ("back", &its_page)], &[]);
    assert_eq!(done.headers["location"], format!("{HOME}/numbers?status=ignored"), "{done:?}");
}

#[test]
fn what_was_done_in_part_names_the_numbers_and_what_to_do() {
    let (world, daemon, numbers) = stocked(3);
    daemon.assign("ann").ok();
    let tagged = daemon.assign("bea").ok()["phone_number"].as_str().unwrap().to_owned();
    rename(&world, &tagged, STAGING);
    rewire(&world, &tagged);
    rewire(&world, numbers.iter().find(|number| **number != tagged).unwrap());
    let told = said(&act(&daemon, "configure-webhooks", &[], &[]));
    let shown = format!("+1 {} {} {}", &tagged[2..5], &tagged[5..8], &tagged[8..]);
    assert!(told.starts_with("~.1 number of 3 set, 1 not. ") && told.contains(&shown), "{told}");
    assert!(told.contains("staging") && told.contains("adopt it here"), "{told}");
    let told = said(&act(&daemon, "configure-webhooks", &[], &[]));
    assert!(
        told.starts_with("-conflict.None was set, 1 number of 3 could not be. ") && told.contains(&shown),
        "{told}"
    );
    assert_eq!(world.sql("SELECT code FROM audit WHERE method = 'POST' ORDER BY id DESC LIMIT 1"), "conflict");
}

#[test]
fn an_order_of_the_pool_is_paused_and_one_by_hand_is_cancelled() {
    const SUPPORT: &str = "supports-key-0123456789";
    let world = World::new().quiet().set("READONLY_API_KEY", format!("support:{SUPPORT}"));
    let daemon = world.daemon();
    let session = Session::holding_the_purchase_lock(&world);
    let headers = [("X-Admin-API-Key", ADMIN_KEY), ("Content-Type", "application/json"), ("Prefer", "respond-async")];
    let ordered = daemon.send("POST", "/admin/phones/api/purchase", &headers, Some(br#"{"count":3}"#));
    let by_hand = ordered.body["purchase_id"].as_str().unwrap().to_owned();
    let automatic = "01900000-0000-7000-8000-000000000001";
    world.sql(&format!(
        "INSERT INTO purchases (id, trigger, state, requested_count, country, requested_by, created_at, expires_at, started_at)
         VALUES ('{automatic}', 'threshold', 'queued', 9, 'US', 'callbunker', now(), now() + interval '1 hour', now())"
    ));
    let cancels = |id: &str| format!("acts/cancel?purchase_id={id}\"");
    let list = page(&daemon, &format!("{HOME}/orders"));
    assert!(list.contains(&cancels(&by_hand)) && !list.contains(&cancels(automatic)), "{list}");
    assert!(list.contains("which ends order") && list.contains("acts/pause\""), "{list}");
    let its_page = page(&daemon, &format!("{HOME}/orders/{automatic}"));
    assert!(its_page.contains("acts/pause\"") && !its_page.contains("acts/cancel"), "{its_page}");
    let asked = question(&daemon, &format!("cancel?purchase_id={automatic}"));
    assert!(
        asked.contains("one of the pool's own") && asked.contains("acts/pause?back=") && !has_a_button(&asked),
        "{asked}"
    );
    let refused = act(&daemon, "cancel", &[("purchase_id", automatic)], &[]);
    assert!(said(&refused).starts_with("-automatic_order."), "{refused:?}");
    // The page on which it is told leads to what it means.
    let cookie = refused.headers["set-cookie"].split(';').next().unwrap();
    let headers = [("X-Admin-API-Key", ADMIN_KEY), ("Accept", "text/html"), ("Cookie", cookie)];
    let told = daemon.send("GET", HOME, &headers, None);
    assert!(
        told.body.as_str().unwrap().contains("<a href=\"/problems/automatic_order\">What this means</a>"),
        "{told:?}"
    );
    let support = daemon.send("GET", &format!("{HOME}/orders"), &[("X-Admin-API-Key", SUPPORT)], None);
    let support = support.body.as_str().unwrap();
    assert!(support.contains("0 of 3") && !support.contains("/acts/") && !support.contains(">Do</th>"), "{support}");
    let asked = question(&daemon, &format!("cancel?purchase_id={by_hand}"));
    assert!(asked.contains("0 of 3 bought so far") && has_a_button(&asked), "{asked}");
    let back = format!("{HOME}/orders?state=queued");
    let done = act(&daemon, "cancel", &[("purchase_id", &by_hand), ("back", &back)], &[]);
    assert_eq!(done.headers["location"], back);
    assert_eq!(said(&done), "+The order is cancelled, with 0 of 3 bought.");
    let asked = question(&daemon, &format!("cancel?purchase_id={by_hand}"));
    assert!(asked.contains("has ended") && !has_a_button(&asked), "{asked}");
    drop(session);
}

#[test]
fn what_has_begun_is_ordered_and_names_its_order() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let session = Session::holding_the_purchase_lock(&world);
    let begun = act(&daemon, "purchase", &[("count", "2"), ("order", "a-form")], &[]);
    let told = said(&begun);
    let id = world.sql("SELECT id FROM purchases").replace('-', "");
    assert!(told.starts_with(&format!("*{id}.The purchase of 2 numbers has begun")), "{told}");
    let cookie = begun.headers["set-cookie"].split(';').next().unwrap();
    let home = daemon.send("GET", HOME, &[("X-Admin-API-Key", ADMIN_KEY), ("Cookie", cookie)], None);
    let html = home.body.as_str().unwrap();
    assert!(
        html.contains("<strong>Ordered.</strong>") && html.contains("<title>Ordered · (0) callbunker</title>"),
        "{html}"
    );
    drop(session);
    eventually("it is bought", || world.bought() == 2);
}

#[test]
fn a_form_whose_session_ended_is_kept_and_whoever_logs_out_is_told() {
    let world = World::new().quiet();
    let daemon = world.daemon();
    let browser = Browser::logged_in(&daemon, ADMIN_KEY);
    world.sql("DELETE FROM sessions");
    let fields = form(&[("csrf_token", &browser.csrf()), ("back", HOME), ("reason", "ask Dana & co")]);
    let led = browser.post(&daemon, &format!("{HOME}/acts/pause"), &[FORM, HTML], &fields);
    assert_eq!(led.status, 303, "{led:?}");
    let location = led.headers["location"].clone();
    assert!(location.starts_with("/admin/login?") && !location.contains("csrf"), "{location}");
    let login_page = daemon.send("GET", &location, &[], None);
    let html = login_page.body.as_str().unwrap().to_owned();
    assert!(html.contains("Your session ended; nothing was done. Log in to go on."), "{html}");
    let next = html.split("name=\"next\" value=\"").nth(1).expect("a way on").split('"').next().unwrap();
    let next = next.replace("&#38;", "&").replace("&amp;", "&");
    let welcome = login(&daemon, &[("api_key", ADMIN_KEY), ("next", &next)]);
    let again = Browser::of(&welcome);
    let asked = again.get(&daemon, &welcome.headers["location"]);
    let html = asked.body.as_str().unwrap();
    assert!(html.contains("Pause automatic buying?") && html.contains("value=\"ask Dana &#38; co\""), "{html}");
    assert_eq!(daemon.status()["paused"], json!(null), "nothing was done");
    // Out, by one's own word.
    let out = again.post(&daemon, "/admin/logout", &[FORM, HTML], &form(&[("csrf_token", &again.csrf())]));
    assert_eq!((out.status, out.headers["location"].as_str()), (303, "/admin/login"), "{out:?}");
    let told = daemon.send("GET", "/admin/login", &[("Cookie", "callbunker_out=1")], None);
    assert!(told.body.as_str().unwrap().contains("You are logged out."), "{told:?}");
    assert!(told.headers["set-cookie"].starts_with("callbunker_out=;"), "once: {told:?}");
}
