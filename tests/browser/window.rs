//! One browser window, and what a person does in it.
//!
//! How to get it wrong: a test that closes a window without [`Window::close`], which is where the console is judged.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use base64::Engine as _;
use serde_json::{Value, json};
use thirtyfour::error::WebDriverErrorInner;
use thirtyfour::prelude::*;

use crate::world::ADMIN_KEY;
use crate::world::daemon::Daemon;

pub const HOME: &str = "/admin/phones/dashboard";

pub struct Window {
    pub driver: WebDriver,
}

impl Window {
    pub async fn new(driver: WebDriver) -> Self {
        driver.set_page_load_timeout(Duration::from_secs(60)).await.expect("a timeout");
        Self { driver }
    }

    pub async fn open(&self, daemon: &Daemon, path: &str) {
        self.driver.goto(format!("{}{path}", daemon.url)).await.expect("a page");
    }

    /// Logs in as a person does: opens the dashboard, is sent to the login, pastes the key, presses Enter.
    pub async fn log_in(&self, daemon: &Daemon) {
        self.open(daemon, HOME).await;
        let key = self.driver.find(By::Name("api_key")).await.expect("the login's field");
        key.send_keys(ADMIN_KEY + Key::Enter).await.expect("typing");
        self.until("the dashboard is there", async || self.path().await == HOME).await;
    }

    /// Waits until what the page shows comes as it changes.
    pub async fn is_live(&self) {
        self.until("it is live", async || self.text("#live").await == "Live").await;
    }

    pub async fn path(&self) -> String {
        self.driver.current_url().await.expect("an address").path().to_owned()
    }

    pub async fn find(&self, css: &str) -> WebElement {
        let found =
            self.driver.query(By::Css(css)).wait(Duration::from_secs(60), Duration::from_millis(50)).first().await;
        found.unwrap_or_else(|error| panic!("{css}: {error}"))
    }

    pub async fn count(&self, css: &str) -> usize {
        self.driver.find_all(By::Css(css)).await.expect("a list").len()
    }

    /// The text of the first match; empty when there is none or it is hidden.
    pub async fn text(&self, css: &str) -> String {
        // An element that the page replaced meanwhile is looked for again.
        while let Ok(element) = self.driver.find(By::Css(css)).await {
            if let Ok(text) = element.text().await {
                return text;
            }
        }
        String::new()
    }

    /// What the first match says of `name`: an attribute, or else a style as it is drawn.
    pub async fn says_of(&self, css: &str, name: &str) -> String {
        self.find(css).await;
        loop {
            // In one step, so that the page replaces nothing in between.
            let script = "const one = document.querySelector(arguments[0]);
                          return one && (one.getAttribute(arguments[1]) ?? getComputedStyle(one).getPropertyValue(arguments[1]));";
            let told = self.driver.execute(script, vec![json!(css), json!(name)]).await.expect("a value");
            if let Some(text) = told.json().as_str() {
                return text.to_owned();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub async fn shows(&self, css: &str) -> bool {
        while let Ok(element) = self.driver.find(By::Css(css)).await {
            if let Ok(shows) = element.is_displayed().await {
                return shows;
            }
        }
        false
    }

    pub async fn click(&self, css: &str) {
        // What the page replaced in between is looked for again; a click that arrived is never repeated.
        for _try in 0..20 {
            let element = self.find(css).await;
            let clicked = match element.scroll_into_view().await {
                Ok(()) => element.click().await,
                Err(error) => Err(error),
            };
            match clicked {
                Ok(()) => return,
                Err(error) if matches!(error.as_inner(), WebDriverErrorInner::StaleElementReference(_)) => {}
                Err(error) => panic!("{css}: {error}"),
            }
        }
        panic!("{css} is replaced again and again");
    }

    pub async fn fill(&self, css: &str, text: &str) {
        let field = self.find(css).await;
        field.clear().await.expect("an empty field");
        field.send_keys(text).await.expect("typing");
    }

    /// Presses keys wherever the focus is.
    pub async fn press(&self, keys: impl Into<TypingData>) {
        self.driver.action_chain().send_keys(keys).perform().await.expect("keys");
    }

    /// A number that the page shows.
    pub async fn figure(&self, name: &str) -> Option<u32> {
        self.text(&format!("[data-count='{name}']")).await.parse().ok()
    }

    /// Waits until `done`, at most two minutes: only a bound, never a measure.
    #[track_caller]
    pub fn until<'w>(
        &'w self,
        what: &'w str,
        mut done: impl AsyncFnMut() -> bool + 'w,
    ) -> impl Future<Output = ()> + 'w {
        let place = std::panic::Location::caller();
        async move {
            let deadline = Instant::now() + Duration::from_secs(120);
            while !done().await {
                if Instant::now() >= deadline {
                    let page =
                        self.driver.find(By::Tag("body")).await.expect("a page").text().await.unwrap_or_default();
                    panic!("{place}: it never came to pass: {what}; the page says:\n{page}");
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }

    /// Waits for the message of an act that holds these words: that of the act before may still be there.
    pub async fn says(&self, words: &str) {
        self.until(words, async || self.text(".said").await.contains(words)).await;
    }

    pub async fn cdp(&self, command: &str, parameters: Value) -> Value {
        self.driver.cdp().send_raw(command, parameters).await.unwrap_or_else(|error| panic!("{command}: {error}"))
    }

    /// From the next page on, the timers of scripts take `factor` times as long as they should.
    pub async fn stretch_timers(&self, factor: f64) {
        let source = format!(
            "for (const name of ['setTimeout', 'setInterval']) {{
               const real = window[name].bind(window);
               window[name] = (work, millis, ...rest) => real(work, millis * {factor}, ...rest);
             }}"
        );
        self.cdp("Page.addScriptToEvaluateOnNewDocument", json!({"source": source})).await;
    }

    /// Makes the window so many pixels wide, light or dark.
    pub async fn look(&self, width: u32, dark: bool) {
        let metrics = json!({"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 600});
        self.cdp("Emulation.setDeviceMetricsOverride", metrics).await;
        let scheme = if dark { "dark" } else { "light" };
        let media = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}, {"name": "prefers-reduced-motion", "value": "reduce"}]});
        self.cdp("Emulation.setEmulatedMedia", media).await;
    }

    /// Writes pictures of the whole page, wide and narrow, light and dark, and checks that nothing runs out of it.
    pub async fn pictures(&self, name: &str) {
        for (width, dark) in [(1280, false), (360, false), (1280, true), (360, true)] {
            self.look(width, dark).await;
            tokio::time::sleep(Duration::from_millis(150)).await;
            let size = self.cdp("Page.getLayoutMetrics", json!({})).await;
            let size = &size["cssContentSize"];
            let shown = size["width"].as_f64().unwrap_or(0.0);
            assert!(shown <= f64::from(width), "{name} is {shown} wide in a window of {width}");
            let clip = json!({"x": 0, "y": 0, "width": width, "height": size["height"], "scale": 1});
            let picture = json!({"format": "png", "captureBeyondViewport": true, "clip": clip});
            let picture = self.cdp("Page.captureScreenshot", picture).await;
            let png = picture["data"].as_str().expect("a picture");
            let png = base64::engine::general_purpose::STANDARD.decode(png).expect("base64");
            let kind = if width > 600 { "wide" } else { "narrow" };
            let tone = if dark { "dark" } else { "light" };
            let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/screenshots");
            std::fs::create_dir_all(&folder).expect("a folder");
            std::fs::write(folder.join(format!("{name}-{kind}-{tone}.png")), png).expect("a file");
        }
        self.look(1280, false).await;
    }

    /// What the console holds that a person's browser should never say, but lines with `but` in them.
    async fn complaints(&self, but: &[&str]) -> Vec<String> {
        let lines = self.driver.browser_log().await.expect("the console");
        let is_bad = |level: &str| level.eq_ignore_ascii_case("severe") || level.eq_ignore_ascii_case("warning");
        let bad = lines.into_iter().filter(|line| is_bad(&line.level));
        bad.map(|line| line.message).filter(|line| !but.iter().any(|word| line.contains(word))).collect()
    }

    /// Closes the window; the test fails if the console complained: errors, violations of the policy.
    pub async fn close(self) {
        self.close_but(&[]).await;
    }

    /// The same, without the complaints that the test provoked.
    pub async fn close_but(self, but: &[&str]) {
        let complaints = self.complaints(but).await;
        self.driver.quit().await.expect("an end");
        assert!(complaints.is_empty(), "the console complains: {complaints:#?}");
    }
}
