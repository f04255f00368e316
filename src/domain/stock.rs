//! What is owned and on its way, as counts, and the sums that plans are made from.
//!
//! How to get it wrong: one sum for all. What could serve a signup, what lies idle and costs, and what is owned differ.

/// What is owned and on its way, counted in one statement.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct Stock {
    /// In the pool and assignable now.
    pub available: u32,
    /// In the pool, but not assignable yet: webhooks unconfirmed or drifted.
    pub unready: u32,
    /// In the pool, and assignable as soon as it has joined what the pool wants and the carriers know it: nothing else lacks.
    pub registering: u32,
    /// In the pool, but not assignable before somebody sees to it: it lacks a capability, Twilio refuses its webhooks, or it cannot
    /// join what the pool wants. Costs money, serves nobody.
    pub unfit: u32,
    /// The same because the carriers do not take it, or know it no more.
    pub registration_failed: u32,
    /// In the pool, but of another country or type than it: given only to whoever asks for its very area code or its country.
    pub apart: u32,
    /// Somebody's.
    pub assigned: u32,
    /// Resting after a release, or held for an operator.
    pub quarantined: u32,
    /// Those of them whose rest is over: the pool has them back in a moment.
    pub due: u32,
    /// Intended or sent, outcome open.
    pub purchasing: u32,
    /// Sent, and not confirmed yet.
    pub unsettled: u32,
    /// Not bought as far as anybody could see, after a doubt in the last 24 hours: they may turn up yet.
    pub doubted: u32,
    /// Signups that wait for a number, on all instances.
    pub waiting: u32,
    /// Signups in line that neither stock nor numbers on their way will serve, as far as the plan may buy for them.
    pub unserved: u32,
}

impl Stock {
    /// The counts that people and machines watch, each with its word. What they leave out is a part of another count, or no
    /// number at all.
    #[must_use]
    pub fn by_state(&self) -> [(&'static str, u32); 10] {
        let Self {
            available,
            unready,
            registering,
            unfit,
            registration_failed,
            apart,
            assigned,
            quarantined,
            due: _,
            purchasing,
            unsettled,
            doubted: _,
            waiting: _,
            unserved: _,
        } = *self;
        [
            ("available", available),
            ("unready", unready),
            ("registering", registering),
            ("unfit", unfit),
            ("registration_failed", registration_failed),
            ("apart", apart),
            ("assigned", assigned),
            ("quarantined", quarantined),
            ("purchasing", purchasing),
            ("unsettled", unsettled),
        ]
    }

    /// What both have.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let sum = |of: fn(&Self) -> u32| of(self).saturating_add(of(other));
        Self {
            available: sum(|stock| stock.available),
            unready: sum(|stock| stock.unready),
            registering: sum(|stock| stock.registering),
            unfit: sum(|stock| stock.unfit),
            registration_failed: sum(|stock| stock.registration_failed),
            apart: sum(|stock| stock.apart),
            assigned: sum(|stock| stock.assigned),
            quarantined: sum(|stock| stock.quarantined),
            due: sum(|stock| stock.due),
            purchasing: sum(|stock| stock.purchasing),
            unsettled: sum(|stock| stock.unsettled),
            doubted: sum(|stock| stock.doubted),
            waiting: sum(|stock| stock.waiting),
            unserved: sum(|stock| stock.unserved),
        }
    }

    /// What could serve a signup now or soon.
    #[must_use]
    pub fn idle(&self) -> u32 {
        self.available + self.unready + self.registering + self.due + self.purchasing + self.unsettled
    }

    /// What lies idle and costs a fee, or may: what `pool.available_max` bounds.
    #[must_use]
    pub fn idle_at_most(&self) -> u32 {
        self.idle() + self.useless() + self.doubted
    }

    /// Everything that costs a monthly fee, or may.
    #[must_use]
    pub fn owned(&self) -> u32 {
        self.idle() - self.due + self.useless() + self.assigned + self.quarantined
    }

    /// What lies in the pool, costs its fee, and serves nobody, or only whoever asks for just that.
    #[must_use]
    pub fn useless(&self) -> u32 {
        self.unfit + self.registration_failed + self.apart
    }

    /// The same with what may turn up yet: what `pool.owned_max` bounds.
    #[must_use]
    pub fn owned_at_most(&self) -> u32 {
        self.owned() + self.doubted
    }

    /// `total` as the earlier service told it.
    #[must_use]
    pub fn total(&self) -> u32 {
        self.available + self.assigned
    }
}

/// What is said of so many numbers that are assignable as soon as the carriers know them.
#[must_use]
pub fn registering_told(count: u32) -> String {
    let numbers = if count == 1 { "1 number registers".to_owned() } else { format!("{count} numbers register") };
    format!("{numbers} with the carriers")
}

/// Every stock that tests try.
#[cfg(test)]
pub(super) fn any_stock() -> impl proptest::strategy::Strategy<Value = Stock> {
    use proptest::strategy::Strategy as _;

    let in_the_pool = (0u32..80, 0u32..10, 0u32..10, 0u32..60, 0u32..10, 0u32..10);
    (in_the_pool, 0u32..10, 0u32..10, 0u32..10, 0u32..200).prop_map(
        |(in_the_pool, purchasing, unsettled, doubted, unserved)| {
            let (available, unready, unfit, assigned, resting, due) = in_the_pool;
            let (apart, registration_failed, registering) = (unfit / 2, unfit / 3, unready / 2);
            let quarantined = resting + due;
            Stock {
                available,
                unready,
                registering,
                unfit,
                registration_failed,
                apart,
                assigned,
                quarantined,
                due,
                purchasing,
                unsettled,
                doubted,
                waiting: unserved,
                unserved,
            }
        },
    )
}
