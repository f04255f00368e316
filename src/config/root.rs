//! The configuration as one value: the list of its sections, and how it is read.
//!
//! How to get it wrong: a section that a reload changes although what runs was built with it. Say `fixed` in its line.

use std::collections::BTreeMap;
use std::time::Duration;

use secrecy::SecretString;
use serde::Serialize;
use url::Url;

use super::certificates::Trust;
use super::loader::{Loader, declare};
use super::outbound::Outbound;
use super::pools::{catalog, read_pools};
use super::problem::{Origin, Problem, Problems};
use super::raises::Raises;
use super::schema::Schema;
use super::secrets::{self, Secrets};
use super::sections::*;
use super::sources::Sources;
use crate::domain::{CapLimits, Catalog, Keys, Kind, PoolKey, PoolName, Sought, Webhooks};

/// Writes whatever has a line for each section. `fixed` = built into what runs (sockets, connection pools, clients, the
/// lock, the supervisor), so a reload keeps it.
macro_rules! sections {
    ($($name:ident: $section:ident $($fixed:ident)?,)*) => {
        /// Everything that an operator decides. Serialised, it is the TOML file without the secrets.
        #[derive(Debug, Clone, PartialEq, Serialize)]
        #[allow(missing_docs)] // each section's type says what it is
        pub struct Config {
            $(pub $name: $section,)*
            #[serde(skip_serializing_if = "BTreeMap::is_empty")]
            pub pools: BTreeMap<PoolName, PoolConfig>,
            #[serde(skip_serializing)]
            pub secrets: Secrets,
            /// Of the pools above, made once.
            #[serde(skip_serializing)]
            catalog: Catalog,
            /// The way to Twilio, read with the rest.
            #[serde(skip_serializing)]
            pub(super) outbound: Outbound,
            /// What raises thresholds above what the sections say.
            #[serde(skip_serializing)]
            pub(super) raises: Raises,
        }

        impl Config {
            /// The sections; the secrets are still unset.
            pub(super) fn read_sections(loader: &mut Loader) -> Self {
                let (pools, none) = (BTreeMap::new(), BTreeMap::new());
                let catalog = catalog(&PoolConfig::default(), &none);
                let (secrets, outbound, raises) = (Secrets::unset(), Outbound::unset(), Raises::default());
                let mut config = Self { $($name: loader.section(),)* pools, secrets, catalog, outbound, raises };
                config.read_pools(loader);
                config
            }

            /// Takes over the sections that a reload must not change.
            pub(super) fn keep_fixed_sections(&mut self, running: &Self) {
                $(sections!(@keep self running $name $($fixed)?);)*
            }
        }

        /// Every section there is.
        pub(super) fn schema() -> Schema {
            let mut schema = Schema::new();
            $(declare::<$section>(&mut schema);)*
            schema
        }

        /// Hands every section to a macro of a test's.
        #[cfg(test)]
        macro_rules! every_section {
            ($visit:ident) => { $visit! { $($name: $section,)* } };
        }
    };
    (@keep $config:ident $running:ident $name:ident fixed) => { $config.$name = $running.$name.clone() };
    (@keep $config:ident $running:ident $name:ident) => {};
}

sections! {
    instance: InstanceConfig fixed,
    http: HttpConfig fixed,
    twilio: TwilioConfig fixed,
    database: DatabaseConfig fixed,
    pool: PoolConfig,
    purchase: PurchaseConfig,
    spend: SpendConfig,
    breaker: BreakerConfig,
    reconcile: ReconcileConfig,
    schedule: ScheduleConfig,
    webhooks: WebhooksConfig,
    events: EventsConfig,
    alerts: AlertsConfig,
    foresight: ForesightConfig,
    recycling: RecyclingConfig,
    lock: LockConfig fixed,
    supervisor: SupervisorConfig fixed,
    audit: AuditConfig,
    shutdown: ShutdownConfig fixed,
    log: LogConfig,
}

impl Config {
    fn read_pools(&mut self, loader: &mut Loader) {
        self.pools = read_pools(loader);
        self.catalog = catalog(&self.pool, &self.pools);
    }

    /// Reads and checks everything that `serve` needs.
    pub fn load(sources: &Sources) -> Result<Self, Problems> {
        let mut loader = Loader::new(sources, &schema());
        let mut config = Self::read_sections(&mut loader);
        let mut problems = std::mem::take(&mut loader.problems);
        if config.webhooks.public_app_url.is_none() && !problems.iter().any(|problem| names_public_url(&problem.key)) {
            problems.push(Problem::new(
                "PUBLIC_APP_URL",
                Origin::Default,
                "is missing",
                "give the https origin that Twilio reaches, such as https://app.example.com",
            ));
        }
        config.secrets = Secrets::read(sources, &mut problems);
        config.check_alerts(&loader, &mut problems);
        config.check_recycling(&loader, &mut problems);
        config.checked_together(sources, &loader, problems)
    }

    /// What sections and secrets must say together.
    fn checked_together(
        mut self,
        sources: &Sources,
        loader: &Loader,
        mut problems: Vec<Problem>,
    ) -> Result<Self, Problems> {
        self.check_events(loader, &mut problems);
        self.read_outbound(sources, loader, &mut problems);
        Problems::or(problems, self)
    }

    /// The address that Twilio sends events to.
    #[must_use]
    pub fn events_url(&self) -> Option<&Url> {
        self.secrets.events_public_url.as_ref().or(self.events.public_url.as_ref())
    }

    /// What `[events]`, the pools and the secrets must say together.
    fn check_events(&self, loader: &Loader, problems: &mut Vec<Problem>) {
        let events = "events.public_url";
        if let (Some(secret), Some(plain)) = (&self.secrets.events_public_url, &self.events.public_url)
            && secret != plain
        {
            let what = format!("and {events} are both set, and differ");
            let origin = self.secrets.events_origin.clone();
            problems.push(Problem::new("EVENTS_PUBLIC_URL", origin, what, "unset one of them"));
        }
        let is_sound = |key: &str| !problems.iter().any(|problem| problem.key == key);
        let (has_url, has_token) = (self.events_url().is_some(), self.secrets.twilio_auth_token.is_some());
        let (url_is_sound, token_is_sound) =
            (is_sound(events) && is_sound("EVENTS_PUBLIC_URL"), is_sound("TWILIO_AUTH_TOKEN"));
        let mut refused = Vec::new();
        for (name, _) in self.pools().filter(|(_, pool)| pool.wants_events()) {
            let key = name.key("sms_ready_when");
            let mut refuse = |what: &str, remedy: &str| {
                refused.push(Problem::new(&key, loader.origin_of(&key), what, remedy));
            };
            if !has_url && url_is_sound {
                refuse(
                    "is registered, but Twilio's word would reach nobody",
                    "give the address that Twilio's events reach as events.public_url, then run callbunker twilio setup-events",
                );
            }
            if !has_token && token_is_sound {
                refuse(
                    "is registered, but nothing could tell whether an event is Twilio's: an API key verifies no signature",
                    "give TWILIO_AUTH_TOKEN, beside the API key if there is one",
                );
            }
        }
        problems.extend(refused);
    }

    /// Reads and checks what a look at Twilio needs: everything but the secrets that only `serve` has a use for.
    pub(crate) fn load_for_twilio(sources: &Sources) -> Result<Self, Problems> {
        let mut loader = Loader::new(sources, &schema());
        let mut config = Self::read_sections(&mut loader);
        let mut problems = std::mem::take(&mut loader.problems);
        config.secrets = Secrets::read_twilio(sources, &mut problems);
        config.checked_together(sources, &loader, problems)
    }

    fn read_outbound(&mut self, sources: &Sources, loader: &Loader, problems: &mut Vec<Problem>) {
        let (secret, plain) = (&self.secrets.twilio_proxy_url, &self.twilio.proxy_url);
        if let (Some(one), Some(other)) = (secret, plain)
            && one != other
        {
            let what = "and twilio.proxy_url are both set, and differ";
            let origin = self.secrets.proxy_origin.clone();
            problems.push(Problem::new("TWILIO_PROXY_URL", origin, what, "unset one of them"));
        }
        let proxy = secret.as_ref().or(plain.as_ref()).cloned();
        let ca_file = self.twilio.ca_file.as_deref().map(|path| (path, loader.origin_of("twilio.ca_file")));
        let trust = Trust::load(sources, ca_file, problems);
        self.outbound = Outbound::new(proxy, trust, sources, &self.twilio.api_base_url);
    }

    /// The way out to Twilio.
    #[must_use]
    pub(crate) fn outbound(&self) -> &Outbound {
        &self.outbound
    }

    /// Which pool serves whom.
    #[must_use]
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// All pools, `default` first, then by name.
    pub fn pools(&self) -> impl Iterator<Item = (&PoolName, &PoolConfig)> {
        self.catalog.entries().filter_map(|entry| Some((&entry.name, self.pool(&entry.name)?)))
    }

    /// What is said of one pool; `None` when there is none of this name.
    #[must_use]
    pub fn pool(&self, name: &PoolName) -> Option<&PoolConfig> {
        if name.is_default() { Some(&self.pool) } else { self.pools.get(name) }
    }

    /// What is sought for a pool, of `kind` if that is not the pool's own. Of one that is not configured any more nobody wants
    /// anything else.
    #[must_use]
    pub fn sought_for(&self, name: &PoolName, kind: Option<Kind>) -> Sought {
        let pool = self.pool(name);
        let kind = kind.or(pool.map(PoolConfig::kind)).unwrap_or_else(|| self.pool.kind());
        let capabilities = pool.map(|pool| pool.capabilities.clone()).unwrap_or_default();
        Sought { pool: name.clone(), kind, capabilities }
    }

    /// A pool under the keys in force; `None` when there is none of this name.
    #[must_use]
    pub fn keys_of(&self, name: &PoolName) -> Option<Keys> {
        Some(Keys { pool: name.clone(), fingerprint: self.pool(name)?.fingerprint(&self.webhooks).into() })
    }

    /// What must be set for a pool that lacks `key`, with dots: of where its numbers lead, what it does not say itself is
    /// `[webhooks]`'s.
    #[must_use]
    pub fn path_of(&self, name: &PoolName, key: PoolKey) -> String {
        let inherits = self.pool(name).is_some_and(|pool| pool.webhooks.leaves_out(key));
        if inherits { key.as_str().to_owned() } else { name.key(key.as_str()) }
    }

    /// A pool under what its numbers shall be attached to: failures of that are counted for these keys. `None` when there is no pool of
    /// this name.
    #[must_use]
    pub fn wants_keys_of(&self, name: &PoolName) -> Option<Keys> {
        Some(Keys { pool: name.clone(), fingerprint: self.pool(name)?.wants_fingerprint().into() })
    }

    /// All pools under the keys in force, `default` first, then by name.
    #[must_use]
    pub fn keys(&self) -> Vec<Keys> {
        self.pools().filter_map(|(name, _)| self.keys_of(name)).collect()
    }

    /// What each number of a pool carries at Twilio.
    #[must_use]
    pub fn webhooks_of(&self, name: &PoolName) -> Option<Webhooks> {
        Some(self.pool(name)?.webhooks.over(&self.webhooks).webhooks())
    }

    /// What each number carries at Twilio, pool by pool.
    #[must_use]
    pub fn webhooks_by_pool(&self) -> BTreeMap<PoolName, Webhooks> {
        self.pools().filter_map(|(name, _)| Some((name.clone(), self.webhooks_of(name)?))).collect()
    }

    /// What bounds every purchase for this pool, beside its own policy.
    #[must_use]
    pub fn cap_limits(&self, pool: &PoolConfig) -> CapLimits {
        CapLimits {
            per_hour_max: self.spend.purchases_per_hour_max,
            per_day_max: self.spend.purchases_per_day_max,
            pool_per_day_max: pool.purchases_per_day_max,
            owned_all_max: self.spend.owned_max,
        }
    }

    /// How long a number of this pool rests; of a pool that is not configured, as long as one of the default pool.
    #[must_use]
    pub fn quarantine_of(&self, name: &PoolName) -> Duration {
        self.pool(name).unwrap_or(&self.pool).quarantine()
    }
}

fn names_public_url(key: &str) -> bool {
    key == "PUBLIC_APP_URL" || key == "webhooks.public_app_url"
}

/// What `migrate` needs: the database alone, though the rest of what is given must be sound too.
#[derive(Debug, Clone)]
pub(crate) struct DatabaseSettings {
    /// Where it is.
    pub url: SecretString,
}

impl DatabaseSettings {
    /// Reads and checks everything but the secrets that only `serve` needs.
    pub(crate) fn load(sources: &Sources) -> Result<Self, Problems> {
        let mut loader = Loader::new(sources, &schema());
        Config::read_sections(&mut loader);
        let mut problems = loader.problems;
        let url = secrets::read_database_url(sources, &mut problems);
        Problems::or(problems, Self { url })
    }
}
