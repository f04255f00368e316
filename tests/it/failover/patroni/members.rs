//! PostgreSQL under Patroni: three members, one of which leads, on this machine's own address.
//!
//! Three, since a primary that waits for a standby serves nobody after a failover before one follows it: of two members the other one is
//! the one that has just failed.
//! How to get it wrong: believing Patroni's word that a server leads. Whether it takes writes, and whether a standby has what is written,
//! is asked of the server.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use postgres_fixture::{Database, Managed, OWNER};
use serde_json::Value;

use super::config;
use super::etcd::{Etcd, agent, log};
use crate::world::{a_port_of_its_own, children, eventually};

const NAMES: [&str; 3] = ["one", "two", "three"];
const PYTHON: &str = "/usr/bin/python3";
/// Only a bound.
const PROMOTED_WITHIN: Duration = Duration::from_secs(90);

/// The members, and the etcd in which they agree.
pub struct Patroni {
    pub managed: Managed,
    pub etcd: Etcd,
    /// What the tests' folder of tools has, where the server's user can enter.
    pub tools: PathBuf,
    members: Vec<Member>,
    /// The daemons' database at each member, once there is one.
    databases: Vec<Database>,
    agent: ureq::Agent,
}

struct Member {
    name: &'static str,
    port: u16,
    api: u16,
    process: Option<Child>,
}

/// When a new primary took writes, and when a standby had what was written.
#[derive(Clone, Copy, Debug)]
pub struct Promoted {
    pub takes_connections: Instant,
    pub acknowledges: Instant,
}

impl Patroni {
    /// Starts all of it, and waits until one member leads and the others follow it.
    pub fn start() -> Self {
        let managed = Managed::new().expect("a folder");
        let tools = config::tools(&managed);
        let etcd = Etcd::start(&managed, &tools);
        let member = |name| Member { name, port: a_port_of_its_own(), api: a_port_of_its_own(), process: None };
        let members = NAMES.map(member).into();
        let mut patroni = Self { managed, etcd, tools, members, databases: Vec::new(), agent: agent() };
        for index in 0..NAMES.len() {
            let Member { name, port, api, .. } = patroni.members[index];
            let config = config::patroni(&patroni.managed, &patroni.etcd.hosts(), name, port, api);
            patroni.managed.write(&format!("{name}.yml"), &config).expect("its configuration");
            patroni.start_patroni(index);
        }
        let leader = patroni.whole();
        let database = patroni.managed.create_database(patroni.members[leader].port).expect("a database");
        patroni.databases = patroni.members.iter().map(|member| database.served_at(member.port)).collect();
        patroni
    }

    /// The daemons' database at this member.
    pub fn database(&self, member: usize) -> Database {
        self.databases[member].served_at(self.members[member].port)
    }

    /// Where daemons find it.
    pub fn url(&self) -> String {
        let hosts: Vec<String> = self.members.iter().map(|member| format!("127.0.0.1:{}", member.port)).collect();
        let (hosts, name) = (hosts.join(","), self.databases[0].name());
        format!("postgres://{OWNER}@{hosts}/{name}?target_session_attrs=read-write")
    }

    /// Waits until one member leads and all others follow it, one of them as a synchronous standby; which one leads.
    pub fn whole(&self) -> usize {
        let mut leader = None;
        eventually("one member leads and all follow it", || {
            leader = self.whole_leader();
            leader.is_some()
        });
        leader.expect("one leads")
    }

    /// The same where Patroni 3.0 may need a hand: whether it did. A leader that got its lock back may find the key of synchronous standbys
    /// written by the one between, takes that for somebody who is quicker, and never names one.
    pub fn whole_by_hand(&self, by_itself_within: Duration) -> (usize, bool) {
        let deadline = Instant::now() + by_itself_within;
        while Instant::now() < deadline {
            if let Some(leader) = self.whole_leader() {
                return (leader, false);
            }
            thread::sleep(Duration::from_millis(200));
        }
        self.etcd.forget_standbys();
        (self.whole(), true)
    }

    fn whole_leader(&self) -> Option<usize> {
        let seen = self.seen()?;
        let members = seen["members"].as_array()?;
        let leads = members.iter().find(|member| member["role"] == "leader")?;
        let follows = |member: &Value| member["state"] == "running" && member["timeline"] == leads["timeline"];
        let is_whole = members.len() == NAMES.len() && members.iter().all(follows);
        if !is_whole || members.iter().all(|member| member["role"] != "sync_standby") {
            return None;
        }
        let leader = NAMES.iter().position(|name| leads["name"] == *name)?;
        let standbys = "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'";
        // Before there is a database Patroni's word must do.
        let standbys = self.databases.get(leader).map(|database| database.psql(standbys));
        let wanted = (NAMES.len() - 1).to_string();
        standbys.is_none_or(|standbys| standbys.is_ok_and(|count| count.trim() == wanted)).then_some(leader)
    }

    /// The members as any Patroni sees them.
    fn seen(&self) -> Option<Value> {
        self.members.iter().filter(|member| member.process.is_some()).find_map(|member| {
            let mut answer = self.agent.get(&format!("http://127.0.0.1:{}/cluster", member.api)).call().ok()?;
            serde_json::from_str(&answer.body_mut().read_to_string().ok()?).ok()
        })
    }

    /// Waits until another member than `former` takes writes, and until a standby has what is written there.
    pub fn promoted(&self, former: usize) -> Promoted {
        let deadline = Instant::now() + PROMOTED_WITHIN;
        let mut first = None;
        let ask = "SELECT NOT pg_is_in_recovery(), current_setting('synchronous_standby_names') <> ''
                      AND EXISTS (SELECT FROM pg_stat_replication WHERE state = 'streaming' AND sync_state IN ('sync', 'quorum'))";
        loop {
            for member in (0..NAMES.len()).filter(|member| *member != former) {
                let said = self.databases[member].psql(ask).unwrap_or_default();
                let (takes_writes, has_standby) = said.trim().split_once('|').unwrap_or_default();
                if takes_writes == "t" {
                    let takes_connections = *first.get_or_insert_with(Instant::now);
                    if has_standby == "t" {
                        return Promoted { takes_connections, acknowledges: Instant::now() };
                    }
                }
            }
            assert!(Instant::now() < deadline, "no other member than {} takes writes", NAMES[former]);
            thread::sleep(Duration::from_millis(40));
        }
    }

    /// `patronictl switchover`, to whichever member it chooses.
    pub fn switch_over(&self, leader: usize) {
        let mut command = self.python("patronictl");
        let config = self.managed.dir().join(format!("{}.yml", NAMES[leader]));
        command.arg("-c").arg(config).args(["switchover", "callbunker", "--leader", NAMES[leader], "--force"]);
        let output = command.output().expect("patronictl runs");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && said.contains("uccessfully switched over"), "patronictl: {output:?}");
    }

    /// `kill -9` to the member's PostgreSQL.
    pub fn kill_server(&self, member: usize) {
        self.managed.kill9(&self.data(member)).expect("it runs");
    }

    pub fn freeze_server(&self, member: usize) {
        self.managed.freeze(&self.data(member)).expect("it runs");
    }

    /// It goes on, if it is still there.
    pub fn thaw_server(&self, member: usize) {
        let _ = self.managed.thaw(&self.data(member));
    }

    pub fn freeze_patroni(&self, member: usize) {
        self.signal_patroni(member, Signal::SIGSTOP);
    }

    pub fn thaw_patroni(&self, member: usize) {
        self.signal_patroni(member, Signal::SIGCONT);
    }

    /// What a watchdog does to a machine whose Patroni does not come to its lease any more: both are gone at once.
    pub fn fence(&mut self, member: usize) {
        self.signal_patroni(member, Signal::SIGSTOP);
        // It may have ended by itself.
        let _ = self.managed.kill9(&self.data(member));
        let mut process = self.members[member].process.take().expect("it runs");
        process.kill().expect("it is ours to kill");
        process.wait().expect("it is dead");
    }

    /// Starts whatever was killed.
    pub fn heal(&mut self) {
        self.etcd.heal(&self.managed, &self.tools);
        for member in 0..self.members.len() {
            if self.members[member].process.is_none() {
                self.start_patroni(member);
            }
        }
    }

    /// What runs, for whoever reads the table.
    pub fn versions(&self) -> String {
        let said = |mut command: Command| {
            let output = command.output().expect("it runs");
            String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or_default().trim().to_owned()
        };
        let mut patroni = self.python("patroni");
        patroni.arg("--version");
        let mut etcd = self.managed.command(&self.tools.join("etcd"));
        etcd.env_clear().arg("--version");
        let mut postgres = self.managed.command(&self.managed.server_dir().join("postgres"));
        postgres.arg("--version");
        format!("{}, {}, {}", said(patroni), said(etcd), said(postgres))
    }

    fn data(&self, member: usize) -> PathBuf {
        self.managed.dir().join(self.members[member].name)
    }

    fn signal_patroni(&self, member: usize, signal: Signal) {
        let id = self.members[member].process.as_ref().expect("it runs").id();
        kill(Pid::from_raw(i32::try_from(id).expect("a process id")), signal).expect("it is ours to signal");
    }

    fn python(&self, program: &str) -> Command {
        let mut command = self.managed.command(Path::new(PYTHON));
        command
            .env_clear()
            .envs([("PATH", "/usr/bin:/bin"), ("LANG", "C.UTF-8"), ("PYTHONDONTWRITEBYTECODE", "1")])
            .env("HOME", self.managed.dir())
            .env("PYTHONPATH", self.tools.join("python"))
            .env("LD_LIBRARY_PATH", self.tools.join("lib"))
            .arg(self.tools.join(program));
        command
    }

    fn start_patroni(&mut self, member: usize) {
        let name = NAMES[member];
        let mut command = self.python("patroni");
        let log = log(&self.managed, &format!("{name}.log"));
        command
            .arg(self.managed.dir().join(format!("{name}.yml")))
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("its log"))
            .stderr(log);
        self.members[member].process = Some(children::start(command).expect("Patroni starts"));
    }
}

impl Drop for Patroni {
    fn drop(&mut self) {
        for member in &mut self.members {
            if let Some(process) = &mut member.process {
                let _ = process.kill();
                let _ = process.wait();
            }
            if thread::panicking() {
                let path = self.managed.dir().join(format!("{}.log", member.name));
                let said = std::fs::read_to_string(path).unwrap_or_default();
                let lines: Vec<&str> = said.lines().collect();
                eprintln!("Patroni {}:\n{}", member.name, lines[lines.len().saturating_sub(80)..].join("\n"));
            }
        }
    }
}
