//! What people type: the examples below the help of each command.
//!
//! How to get it wrong: an example that does not work as it stands, or that no terminal of 80 columns holds.

/// A command by its words, and its examples.
pub(super) const EXAMPLES: &[(&str, &[&str])] = &[
    ("serve", &["callbunker serve --config /etc/callbunker/callbunker.toml"]),
    ("migrate", &["callbunker migrate"]),
    ("check-config", &["callbunker check-config", "callbunker check-config --offline --config new.toml"]),
    ("status", &["callbunker status", "callbunker status --check", "callbunker status --watch"]),
    ("pools", &["callbunker pools"]),
    ("plan", &["callbunker plan", "callbunker plan --count 10 --area-code 415"]),
    ("advice", &["callbunker advice", "callbunker advice --pool gb --json"]),
    ("what-if", &["callbunker what-if --threshold 34", "callbunker what-if --growth 2 --lead-secs 120"]),
    (
        "purchase",
        &[
            "callbunker purchase --count 3 --area-code 415",
            "callbunker purchase -n 10 -a 415 --fallback --yes",
            "callbunker purchase --follow 01a20305-5087-71a4-a9bd-f7af77643551",
        ],
    ),
    ("replenish", &["callbunker replenish", "callbunker replenish --pool gb"]),
    (
        "configure-webhooks",
        &[
            "callbunker configure-webhooks",
            "callbunker configure-webhooks \"(304) 574-6260\"",
            "callbunker configure-webhooks --pool gb",
        ],
    ),
    ("reconcile", &["callbunker reconcile", "callbunker reconcile --confirm-missing"]),
    ("orders", &["callbunker orders", "callbunker orders --limit 10"]),
    ("orders show", &["callbunker orders show 01a20305-5087-71a4-a9bd-f7af77643551"]),
    (
        "assign",
        &[
            "callbunker assign u-7",
            "callbunker assign u-7 --area-code 415 --strict",
            "callbunker assign u-7 --pool gb",
            "callbunker assign u-7 --near \"(415) 555-0100\"",
        ],
    ),
    ("release", &["callbunker release u-7", "callbunker release u-7 --yes"]),
    ("users", &["callbunker users show u-7"]),
    ("users show", &["callbunker users show u-7"]),
    ("assignments", &["callbunker assignments", "callbunker assignments --limit 10"]),
    (
        "numbers",
        &[
            "callbunker numbers",
            "callbunker numbers --status missing",
            "callbunker numbers --area-code 415 --all",
            "callbunker numbers --pool gb",
            "callbunker numbers --csv > numbers.csv",
            "callbunker numbers show \"(304) 574-6260\"",
        ],
    ),
    ("numbers show", &["callbunker numbers show \"(304) 574-6260\"", "callbunker numbers show +13045746260"]),
    (
        "numbers adopt",
        &[
            "callbunker numbers adopt +14155550100",
            "callbunker numbers adopt +14155550100 --user-id u-7",
            "callbunker numbers adopt +447400123456 --pool gb",
        ],
    ),
    ("numbers move", &["callbunker numbers move +447400123456 gb"]),
    ("numbers mark-ready", &["callbunker numbers mark-ready +14155550100"]),
    ("numbers protect", &["callbunker numbers protect +14155550100"]),
    ("numbers unprotect", &["callbunker numbers unprotect +14155550100"]),
    ("numbers ignore", &["callbunker numbers ignore +14155550100"]),
    ("numbers unignore", &["callbunker numbers unignore +14155550100"]),
    ("numbers release-to-twilio", &["callbunker numbers release-to-twilio +14155550100"]),
    ("checks", &["callbunker checks", "callbunker checks --limit 5"]),
    ("inactive", &["callbunker inactive", "callbunker inactive --days 180 --all"]),
    ("recycle", &["callbunker recycle +14155550100 \"(415) 555-0101\""]),
    ("alerts", &["callbunker alerts", "callbunker alerts --all"]),
    ("alerts test", &["callbunker alerts test"]),
    ("alerts acknowledge", &["callbunker alerts acknowledge 01a20291-f2e9-773c-a618-19b7d665f262"]),
    ("cost", &["callbunker cost", "callbunker cost --month 2026-10 --pool gb", "callbunker cost --csv > charges.csv"]),
    ("audit", &["callbunker audit", "callbunker audit --all --json > audit.json"]),
    (
        "import",
        &[
            "callbunker import numbers.csv --dry-run",
            "callbunker import numbers.csv",
            "callbunker import numbers.csv --rejected rest.csv",
            "callbunker import kunden.csv --columns phone_number=Rufnummer",
            "callbunker import numbers.csv --timezone Europe/Berlin --pool gb",
            "psql -c \"COPY … TO STDOUT CSV HEADER\" | callbunker import -",
        ],
    ),
    ("twilio", &["callbunker twilio check", "callbunker twilio setup-events"]),
    (
        "twilio check",
        &["callbunker twilio check", "callbunker twilio check --config /etc/callbunker/callbunker.toml --json"],
    ),
    (
        "twilio setup-events",
        &["callbunker twilio setup-events", "callbunker twilio setup-events --config /etc/callbunker/callbunker.toml"],
    ),
    ("pause", &["callbunker pause --reason \"moving to another account\""]),
    ("resume", &["callbunker resume", "callbunker resume --pool gb"]),
    ("whoami", &["callbunker whoami"]),
    ("openapi", &["callbunker openapi > callbunker.json"]),
    (
        "completions",
        &[
            "callbunker completions bash > /etc/bash_completion.d/callbunker",
            "callbunker completions fish > ~/.config/fish/completions/callbunker.fish",
        ],
    ),
    ("man", &["callbunker man | man -l -", "callbunker man numbers show | man -l -"]),
];
