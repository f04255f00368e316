//! A client as plain as possible: what was sent and what came back, and nothing repeated on its own.

use std::time::Duration;

use base64::Engine as _;
use serde_json::Value;
use twilio_simulator::{Simulator, SimulatorOptions};

pub struct Client {
    agent: ureq::Agent,
    url: String,
    account: String,
    authorization: String,
    host: Option<String>,
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: ureq::http::HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The status and Twilio's code.
    pub fn refusal(&self) -> (u16, u64) {
        let json = self.json();
        assert_eq!(json["status"], self.status, "{json}");
        assert_eq!(json["more_info"], format!("https://www.twilio.com/docs/errors/{}", json["code"]));
        (self.status, json["code"].as_u64().unwrap())
    }
}

pub fn start() -> (Simulator, Client) {
    let simulator = Simulator::start(SimulatorOptions::default()).unwrap();
    let client = Client::new(&simulator, simulator.account_sid(), simulator.auth_token());
    (simulator, client)
}

impl Client {
    pub fn new(simulator: &Simulator, user: &str, secret: &str) -> Self {
        Self::within(simulator, user, secret, Duration::from_secs(10))
    }

    pub fn within(simulator: &Simulator, user: &str, secret: &str, timeout: Duration) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(timeout))
            .allow_non_standard_methods(true)
            .build();
        let pair = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{secret}"));
        let account = if user.starts_with("SK") { simulator.account_sid() } else { user };
        Self {
            agent: config.into(),
            url: simulator.url().into(),
            account: account.into(),
            authorization: format!("Basic {pair}"),
            host: None,
        }
    }

    /// The same client, with something in between.
    pub fn through(&self, url: &str) -> Self {
        Self {
            agent: self.agent.clone(),
            url: url.to_owned(),
            account: self.account.clone(),
            authorization: self.authorization.clone(),
            host: self.host.clone(),
        }
    }

    /// The same client, which says that it asks this host.
    pub fn as_host(&self, host: &str) -> Self {
        Self { host: Some(host.to_owned()), ..self.through(&self.url) }
    }

    /// A client that gives up early.
    pub fn impatient(simulator: &Simulator) -> Self {
        Self::within(simulator, simulator.account_sid(), simulator.auth_token(), Duration::from_millis(200))
    }

    /// A path from the root.
    pub fn send(&self, method: &str, path: &str, form: Option<&str>) -> Result<Answer, ureq::Error> {
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url))
            .header("Authorization", &self.authorization);
        let request = match &self.host {
            Some(host) => request.header("Host", host),
            None => request,
        };
        let mut response = match form {
            Some(form) => {
                let request = request.header("Content-Type", "application/x-www-form-urlencoded");
                self.agent.run(request.body(form.to_owned()).unwrap())?
            }
            None => self.agent.run(request.body(()).unwrap())?,
        };
        let headers = response.headers().clone();
        let text = response.body_mut().with_config().limit(1 << 28).read_to_string()?;
        Ok(Answer { status: response.status().as_u16(), headers, text })
    }

    /// A path below the account.
    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", &format!("/2010-04-01/Accounts/{}{path}", self.account), None).unwrap()
    }

    pub fn try_post(&self, path: &str, form: &[(&str, &str)]) -> Result<Answer, ureq::Error> {
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(form);
        self.send("POST", &format!("/2010-04-01/Accounts/{}{path}", self.account), Some(&body.finish()))
    }

    pub fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        self.try_post(path, form).unwrap()
    }

    /// A path of the newer hosts, with a form if it is a POST.
    pub fn v1(&self, method: &str, path: &str, form: &[(&str, &str)]) -> Answer {
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(form);
        let form = (method == "POST").then(|| body.finish());
        self.send(method, &format!("/v1{path}"), form.as_deref()).unwrap()
    }

    pub fn delete(&self, sid: &str) -> Answer {
        let path = format!("/2010-04-01/Accounts/{}/IncomingPhoneNumbers/{sid}.json", self.account);
        self.send("DELETE", &path, None).unwrap()
    }

    pub fn control(&self, control: &str, order: &str) -> Answer {
        self.send("POST", &format!("/__sim/{control}"), Some(order)).unwrap()
    }

    /// The E.164 numbers of a search.
    pub fn search(&self, query: &str) -> Vec<String> {
        let answer = self.get(&format!("/AvailablePhoneNumbers/US/Local.json?{query}"));
        assert_eq!(answer.status, 200, "{}", answer.text);
        let json = answer.json();
        let rows = json["available_phone_numbers"].as_array().unwrap();
        rows.iter().map(|row| row["phone_number"].as_str().unwrap().to_owned()).collect()
    }

    pub fn try_buy(&self, phone_number: &str) -> Result<Answer, ureq::Error> {
        self.try_post(
            "/IncomingPhoneNumbers.json",
            &[("PhoneNumber", phone_number), ("FriendlyName", "ours"), ("VoiceUrl", "https://example.com/voice")],
        )
    }

    pub fn buy(&self, phone_number: &str) -> Answer {
        self.try_buy(phone_number).unwrap()
    }

    /// The E.164 numbers of one page of the account's list.
    pub fn listed(&self, query: &str) -> Vec<String> {
        let json = self.get(&format!("/IncomingPhoneNumbers.json?{query}")).json();
        let rows = json["incoming_phone_numbers"].as_array().unwrap_or_else(|| panic!("{json}"));
        rows.iter().map(|row| row["phone_number"].as_str().unwrap().to_owned()).collect()
    }

    pub fn owned_sid(&self, phone_number: &str) -> Option<String> {
        let query = format!("/IncomingPhoneNumbers.json?PhoneNumber={}", phone_number.replace('+', "%2B"));
        let json = self.get(&query).json();
        json["incoming_phone_numbers"][0]["sid"].as_str().map(str::to_owned)
    }
}
