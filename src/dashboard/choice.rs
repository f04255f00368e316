//! Which pool a page is about: all of them, or the one that its address names (`?pool=`).
//!
//! Invariant: where there is one pool only, pages say nothing of pools.
//! How to get it wrong: a choice that the next link forgets. Whatever leads to another page about pools goes through
//! [`Choice::kept`].

use crate::api::services::Services;
use crate::domain::PoolName;
use crate::http::{KEY_PARAMETER, Problem};
use crate::routing::Request;

/// What of an address is not kept when another pool is chosen: each list has parts of its own.
const NOT_KEPT: [&str; 4] = ["pool", "cursor", "before", KEY_PARAMETER];

/// What is chosen, of what there is.
#[derive(Debug, Clone, Default)]
pub(crate) struct Choice {
    chosen: Option<PoolName>,
    /// The configured ones, `default` first.
    configured: Vec<PoolName>,
    /// The switch, as the page shows it; empty where there is nothing to choose.
    pub(crate) ways: Vec<Way>,
}

/// One way of the switch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Way {
    pub(crate) name: String,
    pub(crate) to: String,
    pub(crate) is_chosen: bool,
}

impl Choice {
    /// What the request chose. A pool that is not configured can be chosen, too: it may have numbers.
    pub(super) fn of(services: &Services, request: &Request) -> Result<Self, Problem> {
        let chosen: Option<PoolName> = request.query("pool")?;
        let configured = names(services);
        let mut choice = Self { chosen, configured, ways: Vec::new() };
        if choice.is_told() {
            let uri = request.exchange().uri();
            choice.ways = choice.ways_at(uri.path(), uri.query().unwrap_or_default());
        }
        Ok(choice)
    }

    /// No choice, on a page that is about no pool.
    pub(super) fn none(services: &Services) -> Self {
        Self { chosen: None, configured: names(services), ways: Vec::new() }
    }

    /// The pool, if one is chosen.
    pub(super) fn pool(&self) -> Option<&PoolName> {
        self.chosen.as_ref()
    }

    /// Its name, for the page; empty = all of them.
    pub(crate) fn name(&self) -> &str {
        self.chosen.as_ref().map_or("", PoolName::as_str)
    }

    /// Refuses a pool that is not configured: there is nothing to tell of it but its numbers, which the list has.
    pub(super) fn known(&self) -> Result<(), Problem> {
        match self.chosen.as_ref().filter(|chosen| !self.configured.contains(chosen)) {
            None => Ok(()),
            Some(unknown) => Err(Problem::not_found(format!("The configuration has no pool {unknown}."))),
        }
    }

    /// The pools that the page is about, but for those that are not configured.
    pub(super) fn pools(&self) -> Vec<PoolName> {
        self.chosen.as_ref().map_or_else(|| self.configured.clone(), |chosen| vec![chosen.clone()])
    }

    /// Whether there is more than one pool, so that pages say of which one something is.
    pub(crate) fn is_told(&self) -> bool {
        self.configured.len() > 1 || self.chosen.as_ref().is_some_and(|chosen| !self.configured.contains(chosen))
    }

    /// Whether the lines of a page are of several pools, so that each says of which one it is.
    pub(crate) fn is_mixed(&self) -> bool {
        self.chosen.is_none() && self.is_told()
    }

    /// The pool's name where lines say it.
    pub(super) fn told(&self, pool: &PoolName) -> Option<String> {
        self.is_mixed().then(|| pool.to_string())
    }

    /// A link to another page about pools, with this choice.
    pub(crate) fn kept(&self, to: &str) -> String {
        match &self.chosen {
            None => to.to_owned(),
            Some(pool) => format!("{to}{}pool={pool}", if to.contains('?') { '&' } else { '?' }),
        }
    }

    fn ways_at(&self, path: &str, query: &str) -> Vec<Way> {
        let kept = |pool: Option<&PoolName>| {
            let mut link = form_urlencoded::Serializer::new(String::new());
            let stays = |name: &str| !NOT_KEPT.contains(&name);
            link.extend_pairs(form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| stays(name)));
            link.extend_pairs(pool.map(|pool| ("pool", pool.as_str())));
            format!("{path}?{}", link.finish()).trim_end_matches('?').to_owned()
        };
        let way = |pool: Option<&PoolName>| Way {
            name: pool.map_or_else(|| "All pools".to_owned(), PoolName::to_string),
            to: kept(pool),
            is_chosen: pool == self.chosen.as_ref(),
        };
        let gone = self.chosen.as_ref().filter(|chosen| !self.configured.contains(chosen));
        [way(None)].into_iter().chain(self.configured.iter().chain(gone).map(|pool| way(Some(pool)))).collect()
    }
}

fn names(services: &Services) -> Vec<PoolName> {
    services.config.load().pools().map(|(name, _)| name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(chosen: &str, configured: &[&str]) -> Choice {
        let configured = configured.iter().map(|name| name.parse().unwrap()).collect();
        Choice { chosen: chosen.parse().ok(), configured, ways: Vec::new() }
    }

    #[test]
    fn one_pool_alone_is_no_choice() {
        for chosen in ["", "default"] {
            let choice = choice(chosen, &["default"]);
            assert!(!choice.is_told() && !choice.is_mixed(), "{chosen}");
        }
        assert!(choice("", &["default", "gb"]).is_mixed());
        let gb = choice("gb", &["default", "gb"]);
        assert!(gb.is_told() && !gb.is_mixed(), "its lines are all of one pool");
        assert!(choice("old", &["default"]).is_told(), "of a pool that is gone the page says so");
    }

    #[test]
    fn the_switch_keeps_what_else_the_address_says_but_for_the_part_of_the_list() {
        let choice = choice("gb", &["default", "gb"]);
        let ways = choice.ways_at("/numbers", "status=available&cursor=7&before=9&pool=gb&api_key=secret&size=20");
        let told: Vec<_> = ways.iter().map(|way| (way.name.as_str(), way.to.as_str(), way.is_chosen)).collect();
        let expected = [
            ("All pools", "/numbers?status=available&size=20", false),
            ("default", "/numbers?status=available&size=20&pool=default", false),
            ("gb", "/numbers?status=available&size=20&pool=gb", true),
        ];
        assert_eq!(told, expected);
        assert_eq!(choice.ways_at("/numbers", "pool=gb")[0].to, "/numbers");
    }

    #[test]
    fn a_link_keeps_the_choice() {
        assert_eq!(choice("gb", &["default", "gb"]).kept("/numbers?status=held"), "/numbers?status=held&pool=gb");
        assert_eq!(choice("gb", &["default", "gb"]).kept("/passes"), "/passes?pool=gb");
        assert_eq!(choice("", &["default", "gb"]).kept("/passes"), "/passes");
    }
}
