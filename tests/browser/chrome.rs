//! ChromeDriver as a child of the test, on a port of its own choice, with everything that it starts.
//!
//! How to get it wrong: ending browsers by name. Each driver leads a process group, and only that one is ended.

use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use serde_json::{Value, json};
use thirtyfour::{LoggingPrefsLogLevel, prelude::*};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::window::Window;
use crate::world::children;

/// Tests that drive browsers at a time: each is many processes.
static TESTS: Semaphore = Semaphore::const_new(2);
const STARTS_MAX: usize = 10;

/// What a window is like.
#[derive(Debug, Clone, Copy, Default)]
pub struct Taste {
    /// Scripts are switched off, by the browser's own setting.
    pub no_script: bool,
}

pub struct Chrome {
    driver: Child,
    url: String,
    profiles: std::path::PathBuf,
    _permit: SemaphorePermit<'static>,
}

impl Chrome {
    pub async fn start() -> Self {
        let permit = TESTS.acquire().await.expect("never closed");
        let (driver, port) = driver();
        let profiles = std::env::temp_dir().join(format!("callbunker-browser-{}-{port}", std::process::id()));
        Self { driver, url: format!("http://127.0.0.1:{port}"), profiles, _permit: permit }
    }

    /// A browser with a profile of its own, 1280 wide.
    pub async fn window(&self) -> Window {
        self.window_like(Taste::default()).await
    }

    pub async fn window_like(&self, taste: Taste) -> Window {
        let profile = self.profiles.join(uuid::Uuid::new_v4().to_string());
        std::fs::create_dir_all(&profile).expect("a profile's folder");
        let mut capabilities = DesiredCapabilities::chrome();
        let profile = format!("--user-data-dir={}", profile.display());
        for argument in [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--hide-scrollbars",
            "--lang=en-GB",
            "--window-size=1280,900",
            &profile,
        ] {
            capabilities.add_arg(argument).expect("an argument");
        }
        if taste.no_script {
            let no_script: Value = json!({"profile.managed_default_content_settings.javascript": 2});
            capabilities.add_experimental_option("prefs", no_script).expect("a preference");
        }
        capabilities.set_browser_log_level(LoggingPrefsLogLevel::All).expect("a level");
        let driver =
            WebDriver::new(&self.url, capabilities).await.expect("chromium must be installed: scripts/install-deps");
        Window::new(driver).await
    }
}

/// A driver and the port that it listens on.
///
/// It picks a free port for 127.0.0.1 and ends if somebody has the same one at `::1` just then: it is started again, and
/// takes another.
fn driver() -> (Child, u16) {
    let mut said = Vec::new();
    for _start in 0..STARTS_MAX {
        let mut command = Command::new("chromedriver");
        command.arg("--port=0").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).process_group(0);
        let mut driver = children::start(command).expect(
            "chromedriver must be installed: scripts/install-deps, or apt-get install chromium chromium-driver",
        );
        let mut lines = BufReader::new(driver.stdout.take().expect("a pipe")).lines().map_while(Result::ok);
        let port = lines.by_ref().find_map(|line| {
            let port =
                line.split("started successfully on port ").nth(1).map(|port| port.trim_end_matches('.').parse());
            said.push(line);
            port?.ok()
        });
        if let Some(port) = port {
            // Whatever else it says must not fill the pipe.
            std::thread::spawn(move || lines.for_each(drop));
            return (driver, port);
        }
        // It closed its side, so it has ended or is about to.
        let _ = driver.kill();
        said.push(format!("{}", driver.wait().expect("its end")));
    }
    panic!("chromedriver does not listen; in {STARTS_MAX} starts it said:\n{}", said.join("\n"))
}

impl Drop for Chrome {
    fn drop(&mut self) {
        let group = Pid::from_raw(i32::try_from(self.driver.id()).expect("a process id"));
        let _ = killpg(group, Signal::SIGKILL);
        let _ = self.driver.wait();
        let _ = std::fs::remove_dir_all(&self.profiles);
    }
}
