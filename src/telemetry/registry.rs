//! From a metric of the table to handles that cost one atomic operation.
//!
//! Invariants: the recorder is a value that its owner hands on, not the `metrics` crate's global one; every metric of the
//! table is described before it is used.
//! How to get it wrong: resolving a handle on the way of a signup; it hashes and locks.

use std::sync::OnceLock;

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Label, Level, Metadata, Recorder as _};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

use super::table::{Kind, Metric, TABLE};

const METADATA: Metadata<'static> = Metadata::new("callbunker", Level::INFO, None);
/// Stands for every value that a family's lists do not name.
const OTHER: &str = "other";

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

    pub(super) fn counter(&self, metric: &Metric, values: &[&'static str]) -> Counter {
        self.recorder.register_counter(&key(metric, values), &METADATA)
    }

    pub(super) fn gauge(&self, metric: &Metric, values: &[&'static str]) -> Gauge {
        self.recorder.register_gauge(&key(metric, values), &METADATA)
    }

    pub(super) fn histogram(&self, metric: &Metric, values: &[&'static str]) -> Histogram {
        self.recorder.register_histogram(&key(metric, values), &METADATA)
    }

    pub(super) fn render(&self) -> String {
        self.handle.render()
    }

    pub(super) fn upkeep(&self) {
        self.handle.run_upkeep();
    }
}

fn key(metric: &Metric, values: &[&'static str]) -> Key {
    assert_eq!(metric.labels.len(), values.len(), "{} takes {:?}", metric.name, metric.labels);
    let labels: Vec<Label> =
        metric.labels.iter().zip(values).map(|(name, value)| Label::from_static_parts(name, value)).collect();
    Key::from_parts(metric.name, labels)
}

/// What can be made for a combination of label values.
pub(super) trait Handle: Sized {
    fn resolve(registry: &Registry, metric: &Metric, values: &[&'static str]) -> Self;
}

impl Handle for Counter {
    fn resolve(registry: &Registry, metric: &Metric, values: &[&'static str]) -> Self {
        registry.counter(metric, values)
    }
}

impl Handle for Gauge {
    fn resolve(registry: &Registry, metric: &Metric, values: &[&'static str]) -> Self {
        registry.gauge(metric, values)
    }
}

impl Handle for Histogram {
    fn resolve(registry: &Registry, metric: &Metric, values: &[&'static str]) -> Self {
        registry.histogram(metric, values)
    }
}

/// One metric's handles for all combinations of its labels' values, each resolved when it is first wanted.
pub(super) struct Family<H> {
    metric: Metric,
    values: Vec<Vec<&'static str>>,
    cells: Vec<OnceLock<H>>,
}

impl<H: Handle> Family<H> {
    /// `values` has one list for each label; a value that is on no list counts as `other`.
    pub(super) fn new(metric: Metric, values: &[&[&'static str]]) -> Self {
        assert_eq!(metric.labels.len(), values.len(), "{} takes {:?}", metric.name, metric.labels);
        let values: Vec<Vec<&'static str>> = values.iter().map(|known| [known, &[OTHER][..]].concat()).collect();
        let size = values.iter().map(Vec::len).product();
        Self { metric, values, cells: std::iter::repeat_with(OnceLock::new).take(size).collect() }
    }

    /// The same with every combination of the listed values at zero from the start, so that the first event is an increase.
    pub(super) fn complete(registry: &Registry, metric: Metric, values: &[&[&'static str]]) -> Self {
        let family = Self::new(metric, values);
        let mut combinations: Vec<Vec<&'static str>> = vec![Vec::new()];
        for known in values {
            combinations = combinations
                .iter()
                .flat_map(|begun| known.iter().map(|value| [begun.as_slice(), &[*value]].concat()))
                .collect();
        }
        for combination in combinations {
            family.at(registry, &combination);
        }
        family
    }

    /// The handle for these label values.
    pub(super) fn at(&self, registry: &Registry, wanted: &[&str]) -> &H {
        let place = |known: &[&str], value: &str| known.iter().position(|one| *one == value).unwrap_or(known.len() - 1);
        let index =
            self.values.iter().zip(wanted).fold(0, |index, (known, value)| index * known.len() + place(known, value));
        self.cells[index].get_or_init(|| {
            let found: Vec<&'static str> =
                self.values.iter().zip(wanted).map(|(known, value)| known[place(known, value)]).collect();
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
        let family: Family<Counter> = Family::new(table::PURCHASES, &[&["cron", "manual"], &["done", "halted"]]);
        for values in [["cron", "done"], ["cron", "done"], ["manual", "halted"], ["never heard of", "+14155550100"]] {
            family.at(&registry, &values).increment(1);
        }
        let text = registry.render();
        for line in [
            "callbunker_purchases_total{trigger=\"cron\",outcome=\"done\"} 2",
            "callbunker_purchases_total{trigger=\"manual\",outcome=\"halted\"} 1",
            "callbunker_purchases_total{trigger=\"other\",outcome=\"other\"} 1",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
        assert!(!text.contains("4155550100"), "{text}");
    }

    #[test]
    fn a_complete_family_shows_its_zeros() {
        let registry = Registry::new();
        let _family: Family<Counter> = Family::complete(&registry, table::RELEASES, &[]);
        let _family: Family<Counter> = Family::complete(&registry, table::ASSIGNMENTS, &[&["pool", "emergency"]]);
        let text = registry.render();
        assert_eq!(text.lines().filter(|line| line.ends_with(" 0")).count(), 3, "{text}");
    }
}
