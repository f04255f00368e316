//! Regulations, and the bundles that were handed in for them (`/v2/RegulatoryCompliance`).
//!
//! Invariants: a regulation is one country, one type and one kind of end user; it asks for nothing where no bundle is
//! needed. The filter by the last day of validity is in the names `ValidUntilDate<` and `ValidUntilDate>`, the sign included,
//! and only bundles that end pass it.
//!
//! How to get it wrong: reading `tollfree` only. The filter is seen with and without the hyphen.

use chrono::NaiveDate;
use serde_json::{Value, json};

use crate::api::paging::Asked;
use crate::api::parameters::Parameters;
use crate::api::refusal::Refusal;
use crate::api::{ApiRequest, Reply};
use crate::regulatory::{Bundle, EndUserType};
use crate::seed::{hex32, salt};
use crate::stock::kind::NumberKind;
use crate::stock::places::COUNTRIES;
use crate::world::World;

const PATH: &str = "/v2/RegulatoryCompliance";

/// What one country asks of one kind of end user for one type.
struct Regulation {
    sid: String,
    country: &'static str,
    country_name: &'static str,
    kind: NumberKind,
    end_user: EndUserType,
}

fn regulation_sid(world: &World, country: &str, kind: NumberKind, end_user: EndUserType) -> String {
    let counter = salt(&format!("{country} {kind:?} {end_user:?}"));
    format!("RN{}", hex32(world.options.seed, "RN", counter))
}

fn all(world: &World) -> Vec<Regulation> {
    let kinds = COUNTRIES.iter().flat_map(|country| country.kinds.iter().map(move |kind| (country, *kind)));
    let both = kinds.flat_map(|of| [EndUserType::Business, EndUserType::Individual].map(|end_user| (of, end_user)));
    both.map(|((country, kind), end_user)| Regulation {
        sid: regulation_sid(world, country.code, kind, end_user),
        country: country.code,
        country_name: country.name,
        kind,
        end_user,
    })
    .collect()
}

impl Regulation {
    fn resource(&self, world: &World, base: &str) -> Value {
        let kind = self.kind.regulation_type();
        let end_user = end_user_name(self.end_user);
        let titled = |word: &str| word[..1].to_uppercase() + &word[1..];
        let rule = world.stock.rules.of(self.country, self.kind);
        let name = |machine_name: &str| json!({"machine_name": machine_name, "friendly_name": machine_name, "description": machine_name});
        let end_users = json!([{
            "name": titled(end_user),
            "type": end_user,
            "requirement_name": format!("{end_user}_info"),
            "url": format!("{base}/{end_user}"),
            "fields": ["name"],
            "detailed_fields": [name("name")],
        }]);
        let documents = json!([[{
            "name": "Address",
            "type": "document",
            "requirement_name": "proof_of_address",
            "description": "Where the end user lives or works.",
            "accepted_documents": [{
                "name": "Address Validation",
                "type": "address",
                "url": format!("{base}/address"),
                "fields": ["address_sids"],
                "detailed_fields": [name("address_sids")],
            }],
        }]]);
        json!({
            "end_user_type": end_user,
            "friendly_name": format!("{}: {} - {}", self.country_name, titled(&kind), titled(end_user)),
            "iso_country": self.country,
            "number_type": kind,
            "requirements": {
                "end_user": if rule.bundle { end_users } else { json!([]) },
                "supporting_document": if rule.bundle { documents } else { json!([]) },
            },
            "sid": self.sid,
            "url": format!("{base}/{}", self.sid),
        })
    }
}

fn end_user_name(end_user: EndUserType) -> &'static str {
    match end_user {
        EndUserType::Business => "business",
        EndUserType::Individual => "individual",
    }
}

/// What both lists may be narrowed to.
struct Narrowed<'a> {
    country: Option<&'a str>,
    kind: Option<NumberKind>,
    end_user: Option<&'a str>,
}

impl<'a> Narrowed<'a> {
    fn read(query: &'a Parameters) -> Result<Self, Refusal> {
        let given = |name: &str| query.get(name).filter(|value| !value.is_empty());
        let kind = given("NumberType")
            .map(|text| NumberKind::from_regulation(text).ok_or_else(|| Refusal::invalid("NumberType")))
            .transpose()?;
        let end_user = given("EndUserType");
        if end_user.is_some_and(|text| !["business", "individual"].contains(&text)) {
            return Err(Refusal::invalid("EndUserType"));
        }
        Ok(Self { country: given("IsoCountry"), kind, end_user })
    }

    fn passes(&self, country: &str, kind: NumberKind, end_user: EndUserType) -> bool {
        self.country.is_none_or(|wanted| wanted == country)
            && self.kind.is_none_or(|wanted| wanted == kind)
            && self.end_user.is_none_or(|wanted| wanted == end_user_name(end_user))
    }
}

pub(crate) fn regulations(world: &World, request: &ApiRequest) -> Result<Reply, Refusal> {
    let asked = Asked::read(&request.query)?;
    let narrowed = Narrowed::read(&request.query)?;
    let all = all(world);
    let rows: Vec<&Regulation> =
        all.iter().filter(|one| narrowed.passes(one.country, one.kind, one.end_user)).collect();
    let page = asked.page(&rows, "PT", |regulation| &regulation.sid)?;
    let base = world.links.base("numbers", &format!("{PATH}/Regulations"));
    let resources = page.rows.iter().map(|regulation| regulation.resource(world, &base)).collect();
    Ok(Reply::json(200, asked.results(&base, &page, resources)))
}

pub(crate) fn regulation(world: &World, request: &ApiRequest, sid: &str) -> Result<Reply, Refusal> {
    let base = world.links.base("numbers", &format!("{PATH}/Regulations"));
    let found = all(world).into_iter().find(|regulation| regulation.sid == sid);
    let found = found.ok_or_else(|| Refusal::not_found(&request.path))?;
    Ok(Reply::json(200, found.resource(world, &base)))
}

pub(crate) fn bundles(world: &World, request: &ApiRequest) -> Result<Reply, Refusal> {
    let query = &request.query;
    let asked = Asked::read(query)?;
    let narrowed = Narrowed::read(query)?;
    let given = |name: &str| query.get(name).filter(|value| !value.is_empty());
    let day = |name: &str| {
        let day = given(name).map(|text| text.get(..10).unwrap_or(text).parse::<NaiveDate>());
        day.transpose().map_err(|_| Refusal::invalid(name))
    };
    let (on, until, from) = (day("ValidUntilDate")?, day("ValidUntilDate<")?, day("ValidUntilDate>")?);
    let has_end = match given("HasValidUntilDate") {
        None => None,
        Some("true") => Some(true),
        Some("false") => Some(false),
        Some(_) => return Err(Refusal::invalid("HasValidUntilDate")),
    };
    let sids: Option<Vec<&str>> = given("BundleSids").map(|sids| sids.split(',').collect());
    let mut rows: Vec<&Bundle> = world.regulatory.bundles.iter().rev().collect();
    rows.retain(|bundle| {
        let end = bundle.valid_until.map(|end| end.date_naive());
        let regulation = regulation_sid(world, &bundle.country, bundle.number_type, bundle.end_user_type);
        narrowed.passes(&bundle.country, bundle.number_type, bundle.end_user_type)
            && given("Status").is_none_or(|status| json!(bundle.status) == status)
            && given("FriendlyName").is_none_or(|name| name == bundle.friendly_name)
            && given("RegulationSid").is_none_or(|sid| sid == regulation)
            && sids.as_ref().is_none_or(|sids| sids.contains(&bundle.sid.as_str()))
            && has_end.is_none_or(|wanted| wanted == end.is_some())
            && on.is_none_or(|day| end == Some(day))
            && until.is_none_or(|day| end.is_some_and(|end| end <= day))
            && from.is_none_or(|day| end.is_some_and(|end| end >= day))
    });
    match given("SortBy") {
        None => {}
        Some("valid-until") => rows.sort_by_key(|bundle| bundle.valid_until),
        Some("date-updated") => rows.sort_by_key(|bundle| bundle.date_updated),
        Some(_) => return Err(Refusal::invalid("SortBy")),
    }
    if given("SortBy").is_some() && given("SortDirection") == Some("DESC") {
        rows.reverse();
    }
    let page = asked.page(&rows, "PT", |bundle| &bundle.sid)?;
    let base = world.links.base("numbers", &format!("{PATH}/Bundles"));
    let resources = page.rows.iter().map(|bundle| shown(world, bundle, &base)).collect();
    Ok(Reply::json(200, asked.results(&base, &page, resources)))
}

pub(crate) fn bundle(world: &World, request: &ApiRequest, sid: &str) -> Result<Reply, Refusal> {
    let bundle = world.regulatory.bundle(sid).ok_or_else(|| Refusal::not_found(&request.path))?;
    Ok(Reply::json(200, shown(world, bundle, &world.links.base("numbers", &format!("{PATH}/Bundles")))))
}

fn shown(world: &World, bundle: &Bundle, base: &str) -> Value {
    let regulation = regulation_sid(world, &bundle.country, bundle.number_type, bundle.end_user_type);
    bundle.resource(&world.credentials.account_sid, base, &regulation)
}
