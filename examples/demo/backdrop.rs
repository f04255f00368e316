//! What the daemon meets in real life: PostgreSQL, Twilio, and whoever is told of trouble.
//!
//! The simulator forgets everything at its end. With kept data, the numbers that the database knows are therefore put
//! back into the account, each with the SID and the tag that it had. What the pools outside the United States show to a
//! seller, an address and a bundle, has the same SIDs at every start, since the configuration names them.
//! Invariant: a start with kept data uses another seed; the same one would give out the same SIDs again, and a SID is
//! unique for ever.
//! How to get it wrong: dropping this before the daemon has stopped, which makes its last lines look like an outage.

use std::time::Duration;

use chrono::{DateTime, Utc};
use far_side::FarSide;
use postgres_fixture::{Cluster, ClusterOptions};
use twilio_simulator::{AddressOrder, BundleOrder, ForeignNumber, NumberKind, Simulator, SimulatorOptions};
use uuid::Uuid;

use super::folder::Folder;
use super::parts::Ended;
use super::parts::daemon::Daemon;
use super::parts::database::{self, DATABASE, psql};
use super::settings::Settings;
use super::{history, telling, texting};

/// Long enough to be felt, as with the real one.
const LATENCY: Duration = Duration::from_millis(80);
/// Where calls and messages would go.
pub const PUBLIC_APP_URL: &str = "https://app.example.com";

/// The address that numbers of the Canadian pool are bought with.
pub const ADDRESS_SID: &str = "ADca000000000000000000000000000001";
/// The bundle that numbers of the British pool are bought with.
pub const BUNDLE_SID: &str = "BUbb000000000000000000000000000001";

/// PostgreSQL, the simulator and the mailbox, as long as this lives.
pub struct Backdrop {
    twilio: Simulator,
    far: FarSide,
    cluster: Cluster,
}

impl Backdrop {
    pub fn start(folder: &Folder) -> Result<Self, Ended> {
        let options = ClusterOptions {
            durable: true,
            dir: Some(folder.postgres()),
            keep: folder.keeps(),
            ..ClusterOptions::default()
        };
        let cluster = database::start(options)?;
        let (seed, _) = Uuid::new_v4().as_u64_pair();
        let twilio = Simulator::start(SimulatorOptions {
            seed,
            account_sid: Some(folder.kept().account_sid.clone()),
            auth_token: Some(folder.kept().auth_token.clone()),
            latency: LATENCY,
            ..SimulatorOptions::default()
        })
        .map_err(|error| format!("the Twilio simulator cannot start: {error}"))?;
        twilio.address(AddressOrder::new("CA").sid(ADDRESS_SID).city("Toronto"));
        twilio.bundle(BundleOrder::new("GB", NumberKind::Mobile).sid(BUNDLE_SID));
        texting::prepare(&twilio);
        let backdrop = Self { twilio, far: telling::start()?, cluster };
        if folder.is_old() {
            backdrop.put_numbers_back()?;
        }
        Ok(backdrop)
    }

    fn put_numbers_back(&self) -> Result<(), Ended> {
        let migrated = "SELECT to_regclass('callbunker.numbers') IS NOT NULL";
        if psql(&self.cluster, DATABASE, migrated)? != "t" {
            return Ok(());
        }
        let numbers = "SELECT phone_number, sid, purchase_item_id, extract(epoch FROM purchased_at)::bigint FROM callbunker.numbers
                        WHERE status <> 'released'";
        for row in psql(&self.cluster, DATABASE, numbers)?.lines() {
            let [number, sid, item, bought_at] = row.split('|').collect::<Vec<_>>()[..] else { continue };
            // What it costs, and when, goes by the day on which it was bought.
            let bought_at = bought_at.parse().ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0));
            let hook = |path: &str| format!("{PUBLIC_APP_URL}/twilio/{path}");
            self.twilio.own(
                ForeignNumber::new(number)
                    .sid(sid)
                    .friendly_name(format!("callbunker:default:{item}"))
                    .voice_url(hook("voice"))
                    .sms_url(hook("sms"))
                    .status_callback(hook("status"))
                    .date_created(bought_at.unwrap_or_else(Utc::now)),
            );
        }
        texting::put_back(&self.twilio, &self.cluster)
    }

    pub fn database_url(&self) -> String {
        self.cluster.url(DATABASE)
    }

    pub fn twilio(&self) -> &Simulator {
        &self.twilio
    }

    /// The page with all that was told.
    pub fn mailbox(&self) -> &str {
        self.far.url()
    }

    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// The daemon that lives before it, not started yet.
    pub fn daemon(&self, settings: &Settings, folder: &Folder) -> Daemon {
        let kept = folder.kept();
        let environment = [
            ("DATABASE_URL", self.database_url()),
            ("TWILIO_ACCOUNT_SID", kept.account_sid.clone()),
            ("TWILIO_AUTH_TOKEN", kept.auth_token.clone()),
            ("ADMIN_API_KEY", kept.admin_key.clone()),
            ("SIGNUP_API_KEY", kept.signup_key.clone()),
            ("PUBLIC_APP_URL", PUBLIC_APP_URL.to_owned()),
            ("CALLBUNKER__TWILIO__API_BASE_URL", self.twilio.url().to_owned()),
            ("CALLBUNKER__LOG__FORMAT", "text".to_owned()),
            // Beside the default pool, two small ones that show papers.
            ("CALLBUNKER__POOLS__GB__COUNTRY", "GB".to_owned()),
            ("CALLBUNKER__POOLS__GB__NUMBER_TYPE", "mobile".to_owned()),
            ("CALLBUNKER__POOLS__GB__BUNDLE_SID", BUNDLE_SID.to_owned()),
            ("CALLBUNKER__POOLS__GB__THRESHOLD_LOW", "3".to_owned()),
            ("CALLBUNKER__POOLS__GB__REPLENISHMENT_BATCH_SIZE", "3".to_owned()),
            ("CALLBUNKER__POOLS__CA__COUNTRY", "CA".to_owned()),
            ("CALLBUNKER__POOLS__CA__ADDRESS_SID", ADDRESS_SID.to_owned()),
            ("CALLBUNKER__POOLS__CA__THRESHOLD_LOW", "3".to_owned()),
            ("CALLBUNKER__POOLS__CA__REPLENISHMENT_BATCH_SIZE", "3".to_owned()),
        ];
        let environment = environment.into_iter().chain(texting::keys()).chain(telling::keys(&self.far));
        let of_history = settings.history.then(|| history::keys(self.mailbox()));
        let environment = environment.chain(of_history.into_iter().flatten());
        let environment = environment.map(|(name, value)| (name.to_owned(), value)).collect();
        Daemon::new(settings.daemon.clone(), environment, settings.listen, folder.log())
    }
}
