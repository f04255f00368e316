//! The configuration as one value: the list of its sections, and how it is read.
//!
//! How to get it wrong: a section that a reload changes although what runs was built with it. Say `fixed` in its line.

use secrecy::SecretString;
use serde::Serialize;

use super::layers::Schema;
use super::loader::{Loader, declare};
use super::problem::{Origin, Problem, Problems};
use super::secrets::{self, Secrets};
use super::sections::*;
use super::sources::Sources;

/// Writes whatever has a line for each section. `fixed` = built into what runs (sockets, connection pools, clients, the
/// lock, the supervisor), so a reload keeps it.
macro_rules! sections {
    ($($name:ident: $section:ident $($fixed:ident)?,)*) => {
        /// Everything that an operator decides. Serialised, it is the TOML file without the secrets.
        #[derive(Debug, Clone, PartialEq, Serialize)]
        #[allow(missing_docs)] // each section's type says what it is
        pub struct Config {
            $(pub $name: $section,)*
            #[serde(skip_serializing)]
            pub secrets: Secrets,
        }

        impl Config {
            /// The sections; the secrets are still unset.
            pub(super) fn read_sections(loader: &mut Loader) -> Self {
                Self { $($name: loader.section(),)* secrets: Secrets::unset() }
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
    lock: LockConfig fixed,
    supervisor: SupervisorConfig fixed,
    audit: AuditConfig,
    shutdown: ShutdownConfig fixed,
    log: LogConfig,
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
