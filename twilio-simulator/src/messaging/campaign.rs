//! Campaigns: what a service's messages are for, and whether the carriers agreed.
//!
//! Invariants: a service has one campaign at most. When it is approved, the members that the service has are registered, as
//! are those that join later; when it loses its approval, nobody new is.
//!
//! How to get it wrong: reading the status alone. A campaign that was turned down may have errors and still say `PENDING`.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::agenda::Due;
use crate::number::Sid;
use crate::regulatory::{checked_sid, iso8601};
use crate::world::World;

/// What the carriers said of a campaign.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CampaignStatus {
    /// Handed in.
    #[default]
    Pending,
    /// Being looked at.
    InProgress,
    /// Approved: the only one under which numbers are registered.
    Verified,
    /// Turned down.
    Failed,
}

/// A service's campaign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Campaign {
    /// `QE…`
    pub sid: Sid,
    /// What the carriers said.
    pub status: CampaignStatus,
    /// What is wrong with it, by Twilio's codes.
    pub errors: Vec<u32>,
    /// How many numbers it may have; None: any number. One more is answered by a failure, 30125.
    pub numbers_max: Option<usize>,
    /// When it was handed in.
    pub date_created: DateTime<Utc>,
    /// When it was last changed.
    pub date_updated: DateTime<Utc>,
    #[serde(skip)]
    turn: u64,
}

impl Campaign {
    /// The campaign as the API shows it; `url` is where its service is.
    pub(crate) fn resource(&self, account_sid: &str, service_sid: &str, url: &str) -> Value {
        let errors: Vec<Value> = self.errors.iter().map(|code| error(*code)).collect();
        json!({
            "account_sid": account_sid,
            "age_gated": false,
            "brand_registration_sid": self.sid.replacen("QE", "BN", 1),
            "campaign_id": (self.status == CampaignStatus::Verified).then(|| format!("C{}", self.sid[2..9].to_uppercase())),
            "campaign_status": self.status,
            "date_created": iso8601(self.date_created),
            "date_updated": iso8601(self.date_updated),
            "description": "Messages to customers who signed up.",
            "direct_lending": false,
            "errors": errors,
            "has_embedded_links": true,
            "has_embedded_phone": false,
            "help_keywords": ["HELP"],
            "help_message": "Reply STOP to unsubscribe.",
            "is_externally_registered": false,
            "message_flow": "Customers agree to receive messages when they sign up.",
            "message_samples": ["Your code is 123456", "Your appointment is tomorrow at ten"],
            "messaging_service_sid": service_sid,
            "mock": false,
            "opt_in_keywords": ["START"],
            "opt_in_message": "You will receive messages. Reply STOP to unsubscribe.",
            "opt_out_keywords": ["STOP"],
            "opt_out_message": "You will receive no more messages.",
            "rate_limits": {"att": {"mps": 600, "msg_class": "A"}, "tmobile": {"brand_tier": "TOP"}},
            "sid": self.sid,
            "subscriber_opt_in": true,
            "url": format!("{url}/Compliance/Usa2p/{}", self.sid),
            "us_app_to_person_usecase": "MIXED",
        })
    }
}

fn error(code: u32) -> Value {
    json!({
        "description": "The campaign has been reviewed and it was rejected.",
        "error_code": code,
        "fields": ["MESSAGE_FLOW"],
        "url": format!("https://www.twilio.com/docs/api/errors/{code}"),
    })
}

/// What a test says of a service's campaign; what is left out stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CampaignOrder {
    /// The service; needed.
    pub service: Sid,
    /// Left out: a fresh one.
    pub sid: Option<Sid>,
    /// At first `PENDING`.
    pub status: Option<CampaignStatus>,
    /// Becomes `VERIFIED` by itself after that long, unless another order comes in between.
    pub verified_after_ms: Option<u64>,
    /// What is wrong with it; an empty list: nothing.
    pub errors: Option<Vec<u32>>,
    /// How many numbers it may have.
    pub numbers_max: Option<usize>,
    /// Takes the campaign away.
    pub remove: bool,
}

impl CampaignOrder {
    /// A campaign of this service, `PENDING` if it is new.
    pub fn new(service: impl Into<Sid>) -> Self {
        Self { service: service.into(), ..Self::default() }
    }

    /// With this status.
    pub fn status(mut self, status: CampaignStatus) -> Self {
        self.status = Some(status);
        self
    }

    /// Approved after that long.
    pub fn verified_after(mut self, wait: Duration) -> Self {
        self.verified_after_ms = Some(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
        self
    }
}

impl World {
    /// Carries an order out; the campaign's SID.
    pub(crate) fn order_campaign(&mut self, order: CampaignOrder) -> Result<Sid, String> {
        let sid = order.sid.map(|sid| checked_sid(sid, "QE")).transpose()?;
        let fresh = self.new_sid("QE");
        let turn = self.messaging.turn();
        let name = order.service;
        let service = self.messaging.service_mut(&name).ok_or_else(|| format!("there is no service {name:?}"))?;
        if order.remove {
            let gone = service.campaign.take().ok_or_else(|| format!("{name} has no campaign"))?;
            return Ok(gone.sid);
        }
        let was_verified = service.is_verified();
        let now = Utc::now();
        let campaign = service.campaign.get_or_insert_with(|| Campaign {
            sid: sid.clone().unwrap_or(fresh),
            status: CampaignStatus::default(),
            errors: Vec::new(),
            numbers_max: None,
            date_created: now,
            date_updated: now,
            turn,
        });
        campaign.sid = sid.unwrap_or_else(|| campaign.sid.clone());
        campaign.status = order.status.unwrap_or(campaign.status);
        campaign.errors = order.errors.unwrap_or_else(|| campaign.errors.clone());
        campaign.numbers_max = order.numbers_max.or(campaign.numbers_max);
        campaign.date_updated = now;
        campaign.turn = turn;
        let sid = campaign.sid.clone();
        if let Some(ms) = order.verified_after_ms {
            self.agenda.after(Duration::from_millis(ms), Due::Approve { service: name.clone(), turn });
        }
        if !was_verified {
            self.register_members(&name);
        }
        Ok(sid)
    }

    /// The time of an approval has come.
    pub(crate) fn approve(&mut self, service: &str, turn: u64) {
        let campaign = self.messaging.service_mut(service).and_then(|service| service.campaign.as_mut());
        if let Some(campaign) = campaign.filter(|campaign| campaign.turn == turn) {
            campaign.status = CampaignStatus::Verified;
            campaign.date_updated = Utc::now();
            self.register_members(service);
        }
    }

    /// Begins the registration of whoever is in the service, if its campaign is approved.
    fn register_members(&mut self, service: &str) {
        let members = self.messaging.service(service).into_iter().flat_map(|service| &service.members);
        for number in members.map(|member| member.sid.clone()).collect::<Vec<_>>() {
            self.begin_registration(&number);
        }
    }
}
