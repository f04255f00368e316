//! What the kernel says of this process, read when somebody asks.
//!
//! How to get it wrong: failing a scrape because one file of `/proc` cannot be read; what is missing keeps its last value.

use metrics::{Counter, Gauge};
use procfs::WithCurrentSystemInfo as _;
use procfs::process::{LimitValue, Process as Kernel};

use super::clock::now;
use super::registry::Registry;
use super::table;

/// The handles.
pub(super) struct Process {
    cpu: Counter,
    memory: Gauge,
    reserved: Gauge,
    fds: Gauge,
    fds_max: Gauge,
    threads: Gauge,
}

impl Process {
    pub(super) fn new(registry: &Registry) -> Self {
        registry.gauge(&table::PROCESS_START, &[]).set(now());
        Self {
            cpu: registry.counter(&table::PROCESS_CPU, &[]),
            memory: registry.gauge(&table::PROCESS_MEMORY, &[]),
            reserved: registry.gauge(&table::PROCESS_VIRTUAL, &[]),
            fds: registry.gauge(&table::PROCESS_FDS, &[]),
            fds_max: registry.gauge(&table::PROCESS_FDS_MAX, &[]),
            threads: registry.gauge(&table::PROCESS_THREADS, &[]),
        }
    }

    /// Reads `/proc/self`.
    #[expect(clippy::cast_precision_loss, reason = "Prometheus knows only f64, and 2^53 bytes are enough")]
    pub(super) fn read(&self) {
        let Ok(kernel) = Kernel::myself() else { return };
        if let Ok(stat) = kernel.stat() {
            self.cpu.absolute((stat.utime + stat.stime) / procfs::ticks_per_second().max(1));
            self.memory.set(stat.rss_bytes().get() as f64);
            self.reserved.set(stat.vsize as f64);
            self.threads.set(stat.num_threads as f64);
        }
        if let Ok(count) = kernel.fd_count() {
            self.fds.set(count as f64);
        }
        if let Ok(limits) = kernel.limits()
            && let LimitValue::Value(most) = limits.max_open_files.soft_limit
        {
            self.fds_max.set(most as f64);
        }
    }
}
