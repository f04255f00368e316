//! The configuration: built-in defaults, a TOML file above them, the environment above that, and the secrets.
//!
//! Invariants: unknown keys are errors; all problems are reported at once; a loaded [`Config`] has passed every check;
//! nothing prints a secret. The environment is an argument ([`Sources`]), so everything here is a plain function.
//! How to get it wrong: reading a variable or a file anywhere else, or adding a key without its range, its line in
//! `config/default.toml` and its place in [`Config::load_for_reload`].

mod audit;
mod breaker;
mod database;
mod describe;
mod dsn;
mod dsn_rules;
mod http;
mod instance;
mod keys;
mod layers;
mod loader;
mod lock;
mod log;
mod pool;
mod problem;
mod purchase;
mod reconcile;
mod reload;
mod schedule;
mod secret_names;
mod secret_source;
mod secrets;
mod section;
mod shutdown;
mod sources;
mod spend;
mod supervisor;
mod twilio;
mod web_address;
mod webhooks;

#[cfg(test)]
mod tests;

use secrecy::SecretString;
use serde::Serialize;

pub use audit::AuditConfig;
pub use breaker::BreakerConfig;
pub use database::DatabaseConfig;
pub use describe::describe_effective;
pub use http::HttpConfig;
pub use instance::InstanceConfig;
pub use keys::{KEY_CHARACTERS_MAX, KEY_CHARACTERS_MIN, KEYS_MAX};
pub use lock::LockConfig;
pub use log::{LogConfig, LogFormat, LogLevel};
pub use pool::PoolConfig;
pub use problem::{Origin, Problem, Problems};
pub use purchase::PurchaseConfig;
pub use reconcile::ReconcileConfig;
pub use reload::Reload;
pub use schedule::ScheduleConfig;
pub use secrets::{Secrets, TwilioCredentials, client_key};
pub use shutdown::ShutdownConfig;
pub use sources::Sources;
pub use spend::SpendConfig;
pub use supervisor::SupervisorConfig;
pub use twilio::TwilioConfig;
pub use webhooks::WebhooksConfig;

use layers::Schema;
use loader::{Loader, declare};

/// Everything that an operator decides. Serialised, it is the TOML file without the secrets.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[allow(missing_docs)] // each section's type says what it is
pub struct Config {
    pub instance: InstanceConfig,
    pub http: HttpConfig,
    pub twilio: TwilioConfig,
    pub database: DatabaseConfig,
    pub pool: PoolConfig,
    pub purchase: PurchaseConfig,
    pub spend: SpendConfig,
    pub breaker: BreakerConfig,
    pub reconcile: ReconcileConfig,
    pub schedule: ScheduleConfig,
    pub webhooks: WebhooksConfig,
    pub lock: LockConfig,
    pub supervisor: SupervisorConfig,
    pub audit: AuditConfig,
    pub shutdown: ShutdownConfig,
    pub log: LogConfig,
    #[serde(skip_serializing)]
    pub secrets: Secrets,
}

impl Config {
    /// Reads and checks everything that `serve` needs.
    pub fn load(sources: &Sources) -> Result<Self, Problems> {
        let mut loader = Loader::new(sources, &schema());
        let mut config = Self::read_sections(&mut loader);
        let mut problems = loader.problems;
        if config.webhooks.public_app_url.is_none() && !problems.iter().any(|problem| names_public_url(&problem.key)) {
            problems.push(Problem::new(
                "PUBLIC_APP_URL",
                Origin::Default,
                "is missing",
                "give the https origin that Twilio reaches, such as https://app.example.com",
            ));
        }
        config.secrets = Secrets::read(sources, &mut problems);
        Problems::or(problems, config)
    }

    /// The built-in defaults around these secrets: a start for tests. Nothing is checked, and there is no
    /// `webhooks.public_app_url` yet.
    #[must_use]
    pub fn with_secrets(secrets: Secrets) -> Self {
        Self {
            instance: InstanceConfig::default(),
            http: HttpConfig::default(),
            twilio: TwilioConfig::default(),
            database: DatabaseConfig::default(),
            pool: PoolConfig::default(),
            purchase: PurchaseConfig::default(),
            spend: SpendConfig::default(),
            breaker: BreakerConfig::default(),
            reconcile: ReconcileConfig::default(),
            schedule: ScheduleConfig::default(),
            webhooks: WebhooksConfig::default(),
            lock: LockConfig::default(),
            supervisor: SupervisorConfig::default(),
            audit: AuditConfig::default(),
            shutdown: ShutdownConfig::default(),
            log: LogConfig::default(),
            secrets,
        }
    }

    /// The sections; the secrets are still unset.
    fn read_sections(loader: &mut Loader) -> Self {
        Self {
            instance: loader.section(),
            http: loader.section(),
            twilio: loader.section(),
            database: loader.section(),
            pool: loader.section(),
            purchase: loader.section(),
            spend: loader.section(),
            breaker: loader.section(),
            reconcile: loader.section(),
            schedule: loader.section(),
            webhooks: loader.section(),
            lock: loader.section(),
            supervisor: loader.section(),
            audit: loader.section(),
            shutdown: loader.section(),
            log: loader.section(),
            secrets: Secrets::unset(),
        }
    }
}

fn names_public_url(key: &str) -> bool {
    key == "PUBLIC_APP_URL" || key == "webhooks.public_app_url"
}

/// Every section there is.
fn schema() -> Schema {
    let mut schema = Schema::new();
    declare::<InstanceConfig>(&mut schema);
    declare::<HttpConfig>(&mut schema);
    declare::<TwilioConfig>(&mut schema);
    declare::<DatabaseConfig>(&mut schema);
    declare::<PoolConfig>(&mut schema);
    declare::<PurchaseConfig>(&mut schema);
    declare::<SpendConfig>(&mut schema);
    declare::<BreakerConfig>(&mut schema);
    declare::<ReconcileConfig>(&mut schema);
    declare::<ScheduleConfig>(&mut schema);
    declare::<WebhooksConfig>(&mut schema);
    declare::<LockConfig>(&mut schema);
    declare::<SupervisorConfig>(&mut schema);
    declare::<AuditConfig>(&mut schema);
    declare::<ShutdownConfig>(&mut schema);
    declare::<LogConfig>(&mut schema);
    schema
}

/// What `migrate` needs: the database alone, though the rest of what is given must be sound too.
#[derive(Debug, Clone)]
pub struct DatabaseSettings {
    /// How it is used.
    pub database: DatabaseConfig,
    /// How the migration's lines look.
    pub log: LogConfig,
    /// Where it is.
    pub url: SecretString,
}

impl DatabaseSettings {
    /// Reads and checks everything but the secrets that only `serve` needs.
    pub fn load(sources: &Sources) -> Result<Self, Problems> {
        let mut loader = Loader::new(sources, &schema());
        let config = Config::read_sections(&mut loader);
        let mut problems = loader.problems;
        let url = secrets::database_url(&mut secret_source::Vault { sources, problems: &mut problems });
        Problems::or(problems, Self { database: config.database, log: config.log, url })
    }
}
