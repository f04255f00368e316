//! From a metric of the table to handles that cost one atomic operation.
//!
//! Invariants: the recorder is a value that its owner hands on, not the `metrics` crate's global one; every metric of the
//! table is described before it is used.
//! How to get it wrong: resolving a handle on the way of a signup; it hashes and locks.

use std::sync::OnceLock;

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Label, Level, Metadata, Recorder as _, SharedString};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

use super::table::{Kind, Metric, TABLE};

const METADATA: Metadata<'static> = Metadata::new("callbunker", Level::INFO, None);
/// Stands for every value that a family's lists do not name.
pub(super) const OTHER: &str = "other";

/// The recorder.
pub(super) struct Registry {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
}

impl Registry {
    pub(super) fn new() -> Self {
        let builder = TABLE.iter().fold(PrometheusBuilder::new(), |builder, metric| match metric.kind {
            Kind::Histogram(buckets) => builder
                .set_buckets_for_metric(Matcher::Full(metric.name.to_owned()), buckets)
                .expect("the table's buckets are not empty, which is the one thing that it refuses"),
            Kind::Counter | Kind::Gauge => builder,
        });
        let recorder = builder.build_recorder();
        for metric in TABLE {
            let (name, unit) = (KeyName::from_const_str(metric.name), Some(metric.unit));
            match metric.kind {
                Kind::Counter => recorder.describe_counter(name, unit, metric.help.into()),
                Kind::Gauge => recorder.describe_gauge(name, unit, metric.help.into()),
                Kind::Histogram(_) => recorder.describe_histogram(name, unit, metric.help.into()),
            }
        }
        let handle = recorder.handle();
        Self { recorder, handle }
    }

    pub(super) fn counter(&self, metric: &Metric, values: &[SharedString]) -> Counter {
        self.recorder.register_counter(&key(metric, values), &METADATA)
    }

    pub(super) fn gauge(&self, metric: &Metric, values: &[SharedString]) -> Gauge {
        self.recorder.register_gauge(&key(metric, values), &METADATA)
    }

    pub(super) fn histogram(&self, metric: &Metric, values: &[SharedString]) -> Histogram {
        self.recorder.register_histogram(&key(metric, values), &METADATA)
    }

    pub(super) fn render(&self) -> String {
        self.handle.render()
    }

    pub(super) fn upkeep(&self) {
        self.handle.run_upkeep();
    }
}

fn key(metric: &Metric, values: &[SharedString]) -> Key {
    assert_eq!(metric.labels.len(), values.len(), "{} takes {:?}", metric.name, metric.labels);
    let labels: Vec<Label> =
        metric.labels.iter().zip(values).map(|(name, value)| Label::new(*name, value.clone())).collect();
    Key::from_parts(metric.name, labels)
}

/// What can be made for a combination of label values.
pub(super) trait Handle: Sized {
    fn resolve(registry: &Registry, metric: &Metric, values: &[SharedString]) -> Self;
}

impl Handle for Counter {
    fn resolve(registry: &Registry, metric: &Metric, values: &[SharedString]) -> Self {
        registry.counter(metric, values)
    }
}

impl Handle for Gauge {
    fn resolve(registry: &Registry, metric: &Metric, values: &[SharedString]) -> Self {
        registry.gauge(metric, values)
    }
}

impl Handle for Histogram {
    fn resolve(registry: &Registry, metric: &Metric, values: &[SharedString]) -> Self {
        registry.histogram(metric, values)
    }
}

/// So many handles have a place made for them together, when the first of them is wanted. Of most families most combinations
/// never happen, and there is a family of each kind for each pool.
const ROW: usize = 16;

type Row<H> = [OnceLock<H>; ROW];

/// One metric's handles for all combinations of its labels' values, each resolved when it is first wanted.
pub(super) struct Family<H> {
    metric: Metric,
    /// The value of the first label, when the family is one pool's.
    pool: Option<SharedString>,
    values: Vec<Vec<&'static str>>,
    rows: Box<[OnceLock<Box<Row<H>>>]>,
}

impl<H: Handle> Family<H> {
    /// `values` has one list for each label; a value that is on no list counts as `other`.
    pub(super) fn new(metric: Metric, values: &[&[&'static str]]) -> Self {
        Self::over(metric, None, values)
    }

    /// The same for one pool, which is the first label; `values` has a list for each further one.
    pub(super) fn of_pool(metric: Metric, pool: &SharedString, values: &[&[&'static str]]) -> Self {
        Self::over(metric, Some(pool.clone()), values)
    }

    fn over(metric: Metric, pool: Option<SharedString>, values: &[&[&'static str]]) -> Self {
        assert_eq!(metric.labels.len(), values.len() + usize::from(pool.is_some()), "{}", metric.name);
        let values: Vec<Vec<&'static str>> = values.iter().map(|known| [known, &[OTHER][..]].concat()).collect();
        let size: usize = values.iter().map(Vec::len).product();
        Self { metric, pool, values, rows: std::iter::repeat_with(OnceLock::new).take(size.div_ceil(ROW)).collect() }
    }

    /// The same with every combination of the listed values at zero from the start, so that the first event is an increase.
    pub(super) fn complete(registry: &Registry, metric: Metric, values: &[&[&'static str]]) -> Self {
        Self::new(metric, values).completed(registry)
    }

    /// With every combination of the listed values at zero.
    pub(super) fn completed(self, registry: &Registry) -> Self {
        let mut combinations: Vec<Vec<&'static str>> = vec![Vec::new()];
        for known in &self.values {
            combinations = combinations
                .iter()
                .flat_map(|begun| known[..known.len() - 1].iter().map(|value| [begun.as_slice(), &[*value]].concat()))
                .collect();
        }
        for combination in combinations {
            self.at(registry, &combination);
        }
        self
    }

    /// The handle for these label values; those of a pool's family begin after the pool.
    pub(super) fn at(&self, registry: &Registry, wanted: &[&str]) -> &H {
        let place = |known: &[&str], value: &str| known.iter().position(|one| *one == value).unwrap_or(known.len() - 1);
        let index =
            self.values.iter().zip(wanted).fold(0, |index, (known, value)| index * known.len() + place(known, value));
        let row = self.rows[index / ROW].get_or_init(|| Box::new(std::array::from_fn(|_| OnceLock::new())));
        row[index % ROW].get_or_init(|| {
            let found = self.values.iter().zip(wanted).map(|(known, value)| known[place(known, value)].into());
            let found: Vec<SharedString> = self.pool.clone().into_iter().chain(found).collect();
            H::resolve(registry, &self.metric, &found)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::table;
    use super::*;

    #[test]
    fn each_combination_has_its_own_count_and_what_is_not_listed_is_other() {
        let registry = Registry::new();
        let lists: [&[&'static str]; 2] = [&["cron", "manual"], &["done", "halted"]];
        let family: Family<Counter> = Family::of_pool(table::PURCHASES, &"gb".into(), &lists);
        for values in [["cron", "done"], ["cron", "done"], ["manual", "halted"], ["never heard of", "+14155550100"]] {
            family.at(&registry, &values).increment(1);
        }
        let text = registry.render();
        for line in [
            "callbunker_purchases_total{pool=\"gb\",trigger=\"cron\",outcome=\"done\"} 2",
            "callbunker_purchases_total{pool=\"gb\",trigger=\"manual\",outcome=\"halted\"} 1",
            "callbunker_purchases_total{pool=\"gb\",trigger=\"other\",outcome=\"other\"} 1",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
        assert!(!text.contains("4155550100"), "{text}");
    }

    #[test]
    fn a_complete_family_shows_its_zeros() {
        let registry = Registry::new();
        let _family: Family<Counter> = Family::of_pool(table::RELEASES, &"gb".into(), &[]).completed(&registry);
        let sources: [&[&'static str]; 1] = [&["pool", "emergency"]];
        let _family: Family<Counter> = Family::of_pool(table::ASSIGNMENTS, &"gb".into(), &sources).completed(&registry);
        let text = registry.render();
        assert_eq!(text.lines().filter(|line| line.ends_with(" 0")).count(), 3, "{text}");
    }
}
