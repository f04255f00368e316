//! Where everybody goes, as tables.

use super::*;

fn entry(text: &str) -> Entry {
    let mut words = text.split(' ');
    let mut next = || words.next().unwrap();
    let (name, country, number_type) = (next(), next(), next());
    let kind = Kind { country: country.parse().unwrap(), number_type: number_type.parse().unwrap() };
    Entry { name: name.parse().unwrap(), kind, serves_country: !text.ends_with(" unasked") }
}

fn catalog(first: &str, others: &[&str]) -> Catalog {
    Catalog::new(entry(first), others.iter().map(|text| entry(text)))
}

/// A US pool with others beside it; `aa` comes first by name, and no country leads there.
fn world() -> Catalog {
    catalog(
        "default US local",
        &["gb GB mobile", "gb_local GB local", "aa CA mobile unasked", "ca CA local", "free US toll_free"],
    )
}

/// `pool=gb country=GB code=415 near=+1… strict`
fn asked(text: &str) -> Asked {
    let mut asked = Asked::default();
    for word in text.split_whitespace() {
        match word.split_once('=').unwrap_or((word, "")) {
            ("pool", name) => asked.pool = Some(name.parse().unwrap()),
            ("country", country) => asked.country = Some(country.parse().unwrap()),
            ("code", code) => asked.area_code = Some(code.parse().unwrap()),
            ("near", number) => asked.near = Some(number.parse().unwrap()),
            _ => asked.strict = true,
        }
    }
    asked
}

/// `gb 415`, `gb only`, `stock of DE`, or the field that is refused.
fn sent(catalog: &Catalog, text: &str) -> String {
    let wished = |wish: Option<AreaCode>| wish.map(|code| format!(" {code}")).unwrap_or_default();
    match catalog.send(&asked(text)) {
        Ok(SentTo::Pool { pool, wish, only_pool }) => {
            format!("{pool}{}{}", wished(wish), if only_pool { " only" } else { "" })
        }
        Ok(SentTo::StockOf { country, wish }) => format!("stock of {country}{}", wished(wish)),
        Err(astray) => format!("refused: {}", astray.field()),
    }
}

#[test]
fn a_signup_goes_where_the_contract_says() {
    for (text, to) in [
        ("", "default"),
        // A pool that is named.
        ("pool=gb", "gb only"),
        ("pool=default", "default only"),
        ("pool=nowhere", "refused: pool"),
        ("pool=aa", "aa only"),
        ("pool=gb country=GB", "gb only"),
        ("pool=gb country=US", "refused: country"),
        ("pool=ca code=416", "ca 416 only"),
        ("pool=ca code=415", "refused: area_code"),
        ("pool=default code=787", "refused: area_code"),
        ("pool=gb code=415", "refused: area_code"),
        ("pool=default code=999", "default 999 only"),
        ("pool=default code=800", "default 800 only"),
        ("pool=gb near=+14155550100", "gb 415 only"),
        ("pool=ca country=CA code=416 strict", "ca 416 only"),
        // A country binds.
        ("country=US", "default"),
        ("country=GB", "gb"),
        ("country=CA", "ca"),
        ("country=DE", "stock of DE"),
        ("country=DE near=+14155550100", "stock of DE 415"),
        ("country=GB code=415", "refused: area_code"),
        ("country=US code=416", "default 416"),
        ("country=US code=416 strict", "refused: area_code"),
        ("country=CA near=+14155550100", "ca 415"),
        // An area code leads to its country's pool, and binds nothing.
        ("code=415", "default 415"),
        ("code=416", "ca 416"),
        ("code=416 strict", "ca 416"),
        ("code=787", "default 787"),
        ("code=787 strict", "refused: area_code"),
        ("code=800", "default 800"),
        ("code=999", "default 999"),
        ("code=999 strict", "default 999"),
        // So does the user's own number, which is never refused.
        ("near=+14165550100", "ca 416"),
        ("near=+447700900100", "gb"),
        ("near=+4930123456", "default"),
        ("near=+17875550100", "default 787"),
        ("near=+17875550100 strict", "default 787"),
        ("near=+18005550100", "default 800"),
        ("code=415 near=+14165550100", "default 415"),
        ("code=999 near=+14165550100", "ca 999"),
        ("country=US near=+447700900100", "default"),
    ] {
        assert_eq!(sent(&world(), text), to, "{text:?}");
    }
}

#[test]
fn only_a_pool_that_serves_its_country_is_led_to() {
    let unasked = catalog("default GB local unasked", &["b US local", "a US local"]);
    assert_eq!(sent(&unasked, "country=GB"), "stock of GB");
    assert_eq!(sent(&unasked, ""), "default", "whoever says nothing is served all the same");
    assert_eq!(sent(&unasked, "country=US"), "a");
    assert_eq!(sent(&catalog("default US local", &["a US local"]), "country=US"), "default");
    let alone = catalog("default US local", &[]);
    assert_eq!((sent(&alone, "code=416"), sent(&alone, "country=CA")), ("default 416".into(), "stock of CA".into()));
    assert_eq!(sent(&alone, "code=416 strict"), "refused: area_code");
}

#[test]
fn an_order_finds_no_pool_that_a_signup_of_the_same_words_would_not() {
    let pools = catalog("default US local", &["gb GB mobile unasked", "gb2 GB local unasked", "ca CA local unasked"]);
    let ordered = |text: &str| {
        let Asked { pool, country, area_code, .. } = asked(text);
        pools.of_order(pool.as_ref(), country, area_code).map(|(pool, kind)| format!("{pool}: {kind}"))
    };
    for (text, names) in
        [("country=GB", "gb, gb2"), ("country=CA", "ca"), ("country=CA code=416", "ca"), ("code=416", "ca")]
    {
        let refused = ordered(text).unwrap_err();
        assert!(matches!(refused, Astray::NoneServes { .. }), "{text}: {refused}");
        assert!(refused.to_string().ends_with(&format!("name one: {names}")), "{text}: {refused}");
    }
    assert_eq!(ordered("pool=gb country=GB").as_deref(), Ok("gb: GB, mobile"));
    assert_eq!(ordered("country=DE").as_deref(), Ok("default: DE, local"), "no pool is of it");
    assert_eq!(ordered("code=415").as_deref(), Ok("default: US, local"));
    let unasked = catalog("default US local unasked", &[]);
    assert!(unasked.of_order(None, Some(CountryCode::US), None).is_err());
    assert!(unasked.of_order(None, None, Some("415".parse().unwrap())).is_ok(), "whoever names no country is served");
}

#[test]
fn an_order_is_of_the_pool_that_a_signup_would_go_to() {
    let ordered = |text: &str| {
        let Asked { pool, country, area_code, .. } = asked(text);
        let of_order = world().of_order(pool.as_ref(), country, area_code);
        of_order.map(|(pool, kind)| format!("{pool}: {kind}")).map_err(|astray| astray.to_string())
    };
    for (text, to) in [
        ("", "default: US, local"),
        ("pool=gb", "gb: GB, mobile"),
        ("country=GB", "gb: GB, mobile"),
        ("country=DE", "default: DE, local"),
        ("code=416", "ca: CA, local"),
        ("country=CA code=416", "ca: CA, local"),
        ("code=999", "default: US, local"),
        ("pool=free code=833", "free: US, toll-free"),
        ("pool=free", "free: US, toll-free"),
    ] {
        assert_eq!(ordered(text).as_deref(), Ok(to), "{text:?}");
    }
    for (text, why) in [
        ("pool=nowhere", "the pools are default, aa, ca, free, gb, gb_local"),
        ("pool=gb country=US", "gb is a pool of GB, not of US"),
        ("code=787", "787 is an area code of PR, not of US"),
        ("country=US code=416", "416 is an area code of CA, not of US"),
        ("pool=gb code=415", "415 is an area code of US, not of GB"),
        ("pool=gb code=999", "GB has no area codes"),
        ("country=GB code=415", "GB has no area codes"),
        ("code=800", "no place's code"),
        ("pool=free code=415", "415 is no toll-free code"),
    ] {
        let refused = ordered(text).unwrap_err();
        assert!(refused.contains(why), "{text:?}: {refused}");
    }
}

#[test]
fn a_number_goes_to_the_first_pool_of_its_kind() {
    let kind = |text: &str| entry(&format!("x {text}")).kind;
    let world = world();
    let of = |text| world.of_number(kind(text)).map(PoolName::as_str);
    assert_eq!((of("US local"), of("GB local"), of("CA mobile")), (Some("default"), Some("gb_local"), Some("aa")));
    assert_eq!((of("DE local"), of("US toll_free")), (None, Some("free")));
    let twice = catalog("default US local", &["b GB mobile", "a GB mobile"]);
    assert_eq!(twice.of_number(kind("GB mobile")).map(PoolName::as_str), Some("a"));
}
