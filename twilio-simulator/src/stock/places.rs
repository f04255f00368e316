//! Where numbers come from: countries, their calling and area codes, and a place for each.
//!
//! Invariants: an area code stands in one row only; coordinates and LATA are strings, as Twilio sends them. The places are
//! good enough for filters by region, locality and distance, and are not a gazetteer: each row's codes share one place.
//!
//! How to get it wrong: listing a North American code under two countries, which makes a number ambiguous.

use super::kind::NumberKind::{self, Local, Mobile, National, TollFree};

/// A country that has numbers for sale.
#[derive(Debug)]
pub(crate) struct Country {
    pub(crate) code: &'static str,
    pub(crate) name: &'static str,
    pub(crate) calling_code: &'static str,
    /// How long its numbers are behind the calling code.
    pub(crate) national_digits: usize,
    pub(crate) kinds: &'static [NumberKind],
}

pub(crate) const COUNTRIES: &[Country] = &[
    Country { code: "US", name: "United States", calling_code: "1", national_digits: 10, kinds: &[Local, TollFree] },
    Country { code: "CA", name: "Canada", calling_code: "1", national_digits: 10, kinds: &[Local, TollFree] },
    Country { code: "GB", name: "United Kingdom", calling_code: "44", national_digits: 10, kinds: &[Local, Mobile] },
    Country { code: "AU", name: "Australia", calling_code: "61", national_digits: 9, kinds: &[Mobile] },
    Country { code: "DE", name: "Germany", calling_code: "49", national_digits: 11, kinds: &[Local, Mobile, National] },
    Country { code: "PR", name: "Puerto Rico", calling_code: "1", national_digits: 10, kinds: &[Local] },
];

pub(crate) fn country(code: &str) -> Option<&'static Country> {
    COUNTRIES.iter().find(|country| country.code == code)
}

/// The country that a number's calling code leads to first.
pub(crate) fn calling(number: u64) -> Option<&'static Country> {
    let digits = number.to_string();
    COUNTRIES.iter().find(|country| digits.starts_with(country.calling_code))
}

/// The types of a country, or the one that is asked for; says why there is none.
pub(crate) fn kinds_of(code: &str, kind: Option<NumberKind>) -> Result<Vec<(&'static str, NumberKind)>, String> {
    let country = country(code).ok_or_else(not_for_sale)?;
    let wanted = country.kinds.iter().filter(|known| kind.is_none_or(|kind| kind == **known));
    let kinds: Vec<_> = wanted.map(|kind| (country.code, *kind)).collect();
    if kinds.is_empty() { Err(not_for_sale()) } else { Ok(kinds) }
}

fn not_for_sale() -> String {
    let known = COUNTRIES.iter().map(|country| {
        let kinds: Vec<_> = country.kinds.iter().map(|kind| kind.subresource()).collect();
        format!("{} ({})", country.code, kinds.join(", "))
    });
    format!("that country has no such numbers for sale; there are {}", known.collect::<Vec<_>>().join(", "))
}

/// The place that the numbers of an area belong to; toll-free and mobile numbers have none.
#[derive(Debug, PartialEq)]
pub(crate) struct Place {
    pub(crate) region: &'static str,
    pub(crate) locality: &'static str,
    pub(crate) latitude: &'static str,
    pub(crate) longitude: &'static str,
    pub(crate) postal_code: &'static str,
    pub(crate) lata: Option<&'static str>,
}

impl Place {
    pub(crate) fn rate_center(&self) -> String {
        self.locality.to_uppercase().chars().filter(|letter| !letter.is_whitespace()).take(10).collect()
    }
}

/// Area codes without a place. Toll-free codes serve the whole plan; here each is one country's.
pub(crate) const PLACELESS: &[(&str, NumberKind, &str)] = &[
    ("US", TollFree, "833 844 855 866 877 888"),
    ("CA", TollFree, "800"),
    ("GB", Mobile, "7400 7450 7480 7700 7860"),
    ("AU", Mobile, "412 437 455 488"),
    ("DE", Mobile, "1512 1520 1575"),
    ("DE", National, "32"),
];

macro_rules! places {
    ($($country:literal $region:literal $locality:literal $latitude:literal $longitude:literal $postal:literal
       $lata:expr => $areas:literal;)*) => {
        /// Country, place, and its area codes.
        pub(crate) const PLACES: &[(&str, Place, &str)] = &[$((
            $country,
            Place { region: $region, locality: $locality, latitude: $latitude, longitude: $longitude,
                    postal_code: $postal, lata: $lata },
            $areas,
        )),*];
    };
}

places! {
    "US" "AL" "Birmingham" "33.520000" "-86.800000" "35203" Some("476") => "205 251 256 334 659 938";
    "US" "AK" "Anchorage" "61.220000" "-149.900000" "99501" Some("832") => "907";
    "US" "AZ" "Phoenix" "33.450000" "-112.070000" "85004" Some("666") => "480 520 602 623 928";
    "US" "AR" "Little Rock" "34.750000" "-92.290000" "72201" Some("528") => "327 479 501 870";
    "US" "CA" "San Francisco" "37.780000" "-122.420000" "94103" Some("722") => "415 628";
    "US" "CA" "Oakland" "37.800000" "-122.270000" "94612" Some("722") => "341 510 925";
    "US" "CA" "San Jose" "37.340000" "-121.890000" "95113" Some("722") => "408 650 669 831";
    "US" "CA" "Los Angeles" "34.050000" "-118.240000" "90012" Some("730")
        => "213 310 323 424 562 626 657 661 714 747 805 818 820 840 909 949 951";
    "US" "CA" "San Diego" "32.720000" "-117.160000" "92101" Some("732") => "442 619 760 858";
    "US" "CA" "Sacramento" "38.580000" "-121.490000" "95814" Some("726") => "209 279 350 530 559 707 916";
    "US" "CO" "Denver" "39.740000" "-104.990000" "80202" Some("656") => "303 719 720 970 983";
    "US" "CT" "Hartford" "41.770000" "-72.670000" "06103" Some("920") => "203 475 860 959";
    "US" "DC" "Washington" "38.900000" "-77.040000" "20001" Some("236") => "202 771";
    "US" "DE" "Wilmington" "39.740000" "-75.550000" "19801" Some("228") => "302";
    "US" "FL" "Miami" "25.770000" "-80.190000" "33130" Some("460") => "305 561 645 754 786 954";
    "US" "FL" "Orlando" "28.540000" "-81.380000" "32801" Some("458")
        => "239 321 324 352 386 407 448 656 689 727 728 772 813 850 863 904 941";
    "US" "GA" "Atlanta" "33.750000" "-84.390000" "30303" Some("438") => "229 404 470 478 678 706 762 770 912 943";
    "US" "HI" "Hilo" "19.720000" "-155.090000" "96720" Some("834") => "808";
    "US" "ID" "Boise" "43.620000" "-116.200000" "83702" Some("652") => "208 986";
    "US" "IL" "Chicago" "41.880000" "-87.630000" "60602" Some("358")
        => "217 224 309 312 331 447 464 618 630 708 730 773 779 815 847 861 872";
    "US" "IN" "Indianapolis" "39.770000" "-86.160000" "46204" Some("336") => "219 260 317 463 574 765 812 930";
    "US" "IA" "Des Moines" "41.590000" "-93.620000" "50309" Some("632") => "319 515 563 641 712";
    "US" "KS" "Wichita" "37.690000" "-97.340000" "67202" Some("532") => "316 620 785 913";
    "US" "KY" "Louisville" "38.250000" "-85.760000" "40202" Some("462") => "270 364 502 606 859";
    "US" "LA" "New Orleans" "29.950000" "-90.070000" "70112" Some("490") => "225 318 337 504 985";
    "US" "ME" "Portland" "43.660000" "-70.260000" "04101" Some("120") => "207";
    "US" "MD" "Baltimore" "39.290000" "-76.610000" "21202" Some("238") => "227 240 301 410 443 667";
    "US" "MA" "Boston" "42.360000" "-71.060000" "02108" Some("128") => "339 351 413 508 617 774 781 857 978";
    "US" "MI" "Detroit" "42.330000" "-83.050000" "48226" Some("340")
        => "231 248 269 313 517 586 616 679 734 810 906 947 989";
    "US" "MN" "Minneapolis" "44.980000" "-93.270000" "55401" Some("628") => "218 320 507 612 651 763 952";
    "US" "MS" "Jackson" "32.300000" "-90.180000" "39201" Some("482") => "228 601 662 769";
    "US" "MO" "Saint Louis" "38.630000" "-90.200000" "63101" Some("520") => "235 314 417 557 573 636 660 816 975";
    "US" "MT" "Billings" "45.780000" "-108.500000" "59101" Some("650") => "406";
    "US" "NE" "Omaha" "41.260000" "-95.930000" "68102" Some("644") => "308 402 531";
    "US" "NV" "Las Vegas" "36.170000" "-115.140000" "89101" Some("721") => "702 725 775";
    "US" "NH" "Manchester" "42.990000" "-71.450000" "03101" Some("122") => "603";
    "US" "NJ" "Newark" "40.740000" "-74.170000" "07102" Some("224") => "201 551 609 640 732 848 856 862 908 973";
    "US" "NM" "Albuquerque" "35.080000" "-106.650000" "87102" Some("664") => "505 575";
    "US" "NY" "New York" "40.710000" "-74.010000" "10007" Some("132") => "212 332 347 363 646 718 917 929";
    "US" "NY" "Albany" "42.650000" "-73.750000" "12207" Some("134")
        => "315 329 516 518 585 607 624 631 680 716 838 845 914 934";
    "US" "NC" "Charlotte" "35.230000" "-80.840000" "28202" Some("422") => "252 336 472 704 743 828 910 919 980 984";
    "US" "ND" "Fargo" "46.880000" "-96.790000" "58102" Some("636") => "701";
    "US" "OH" "Cleveland" "41.500000" "-81.690000" "44113" Some("320")
        => "216 220 234 283 326 330 380 419 436 440 513 567 614 740 937";
    "US" "OK" "Oklahoma City" "35.470000" "-97.520000" "73102" Some("536") => "405 539 572 580 918";
    "US" "OR" "Portland" "45.520000" "-122.680000" "97204" Some("672") => "458 503 541 971";
    "US" "PA" "Philadelphia" "39.950000" "-75.160000" "19107" Some("228")
        => "215 223 267 272 412 445 484 570 582 610 717 724 814 835 878";
    "US" "RI" "Providence" "41.820000" "-71.410000" "02903" Some("130") => "401";
    "US" "SC" "Columbia" "34.000000" "-81.030000" "29201" Some("434") => "803 821 839 843 854 864";
    "US" "SD" "Sioux Falls" "43.550000" "-96.730000" "57104" Some("640") => "605";
    "US" "TN" "Nashville" "36.160000" "-86.780000" "37201" Some("470") => "423 615 629 731 865 901 931";
    "US" "TX" "Austin" "30.270000" "-97.740000" "78701" Some("558") => "512 737";
    "US" "TX" "Dallas" "32.780000" "-96.800000" "75201" Some("552")
        => "214 254 325 430 432 469 682 806 817 903 915 936 940 945 972";
    "US" "TX" "Houston" "29.760000" "-95.370000" "77002" Some("560")
        => "210 281 346 361 409 713 726 830 832 956 979";
    "US" "UT" "Salt Lake City" "40.760000" "-111.890000" "84101" Some("660") => "385 435 801";
    "US" "VT" "Burlington" "44.480000" "-73.210000" "05401" Some("124") => "802";
    "US" "VA" "Richmond" "37.540000" "-77.440000" "23219" Some("248") => "276 434 540 571 686 703 757 804 826 948";
    "US" "WA" "Seattle" "47.610000" "-122.330000" "98101" Some("674") => "206 253 360 425 509 564";
    "US" "WV" "Charleston" "38.350000" "-81.630000" "25301" Some("256") => "304 681";
    "US" "WI" "Milwaukee" "43.040000" "-87.910000" "53202" Some("356") => "262 274 353 414 534 608 715 920";
    "US" "WY" "Cheyenne" "41.140000" "-104.820000" "82001" Some("654") => "307";
    "CA" "ON" "Toronto" "43.650000" "-79.380000" "M5H 2N2" Some("888")
        => "226 249 289 343 365 382 416 437 519 548 613 647 683 705 742 753 807 905";
    "CA" "QC" "Montreal" "45.510000" "-73.560000" "H2Y 1C6" Some("888")
        => "263 354 367 418 438 450 468 514 579 581 819 873";
    "CA" "BC" "Vancouver" "49.280000" "-123.120000" "V5Y 1V4" Some("888") => "236 250 257 604 672 778";
    "CA" "AB" "Calgary" "51.050000" "-114.070000" "T2P 2M5" Some("888") => "368 403 587 780 825";
    "CA" "MB" "Winnipeg" "49.900000" "-97.140000" "R3B 1B9" Some("888") => "204 431 584";
    "CA" "SK" "Regina" "50.450000" "-104.620000" "S4P 3C8" Some("888") => "306 474 639";
    "CA" "NS" "Halifax" "44.650000" "-63.580000" "B3J 1S9" Some("888") => "782 902";
    "CA" "NB" "Moncton" "46.090000" "-64.780000" "E1C 1E8" Some("888") => "428 506";
    "CA" "NL" "Saint John's" "47.560000" "-52.710000" "A1C 5M2" Some("888") => "709 879";
    "PR" "PR" "San Juan" "18.470000" "-66.110000" "00901" Some("820") => "787 939";
    "DE" "BE" "Berlin" "52.520000" "13.400000" "10115" None => "30";
    "DE" "BY" "Munich" "48.140000" "11.580000" "80331" None => "89";
    "GB" "London" "London" "51.510000" "-0.130000" "SW1A" None => "20";
    "GB" "England" "Birmingham" "52.480000" "-1.900000" "B1" None => "121";
    "GB" "England" "Manchester" "53.480000" "-2.240000" "M1" None => "161";
    "GB" "England" "Liverpool" "53.410000" "-2.980000" "L1" None => "151";
    "GB" "England" "Leeds" "53.800000" "-1.550000" "LS1" None => "113";
    "GB" "Scotland" "Edinburgh" "55.950000" "-3.190000" "EH1" None => "131";
    "GB" "Scotland" "Glasgow" "55.860000" "-4.250000" "G1" None => "141";
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn an_area_code_stands_in_one_row() {
        let mut seen = HashSet::new();
        let placed = PLACES.iter().map(|(country, _, areas)| (*country, *areas));
        for (code, areas) in placed.chain(PLACELESS.iter().map(|(country, _, areas)| (*country, *areas))) {
            let calling_code = country(code).expect("a listed country").calling_code;
            for area in areas.split_whitespace() {
                assert!(seen.insert((calling_code, area)), "{area} twice");
                assert!(calling_code != "1" || area.len() == 3, "{area}");
            }
        }
        assert!(seen.len() > 350);
    }

    #[test]
    fn a_calling_code_leads_to_one_country_or_to_the_whole_plan() {
        for country in COUNTRIES {
            for other in COUNTRIES.iter().filter(|other| other.calling_code != country.calling_code) {
                assert!(!other.calling_code.starts_with(country.calling_code), "{} and {}", country.code, other.code);
            }
        }
        assert_eq!(calling(491_512_345_678).map(|country| country.code), Some("DE"));
        assert_eq!(calling(335_550_100).map(|country| country.code), None);
    }
}
