//! When certificates are fetched, by whom, and how often, on a clock that stands still unless moved.

use wxpay_proto::{
    PlatformKeyId, PlatformKeyring, RefreshDecision, RefreshPermit, RefreshPolicy, RefreshReason,
    Timestamp,
};

use crate::support::{
    CERTIFICATE, LATER, NOW, PUBLIC_KEY, PUBLIC_KEY_ID, Platform, SECOND_CERTIFICATE,
    SECOND_PUBLIC_KEY, SECOND_SERIAL, SERIAL, certificate, merchant_with, public_key,
    public_key_ring,
};

fn start(keys: &PlatformKeyring, now: Timestamp, reason: RefreshReason) -> RefreshPermit {
    match keys.refresh(now, reason) {
        RefreshDecision::Start(permit) => permit,
        other => panic!("{other:?}"),
    }
}

fn after(seconds: i64) -> Timestamp {
    LATER.saturating_add(seconds)
}

fn unknown(id: &str) -> RefreshReason {
    RefreshReason::UnknownKey(PlatformKeyId::parse(id).unwrap())
}

fn waits_until(keys: &PlatformKeyring, now: Timestamp, reason: RefreshReason) -> Option<Timestamp> {
    match keys.refresh(now, reason) {
        RefreshDecision::Wait { until } => Some(until),
        RefreshDecision::Start(_) => None,
        other => panic!("{other:?}"),
    }
}

fn not_needed(keys: &PlatformKeyring, now: Timestamp, reason: RefreshReason) -> bool {
    matches!(keys.refresh(now, reason), RefreshDecision::NotNeeded)
}

/// A fetch that brings the certificates of these.
fn fetch(keys: &PlatformKeyring, now: Timestamp, reason: RefreshReason, listed: &[&Platform]) {
    let permit = start(keys, now, reason);
    let items: Vec<_> = listed.iter().map(|platform| platform.listed()).collect();
    let list = listed[0].list(&items, now);
    merchant_with(keys.clone())
        .accept_certificates(&list, permit, now)
        .unwrap();
}

#[test]
fn with_a_public_key_nothing_is_fetched() {
    let keys = public_key_ring();
    for reason in [
        RefreshReason::Scheduled,
        RefreshReason::Missing,
        unknown(SERIAL),
    ] {
        assert!(not_needed(&keys, LATER, reason));
    }
    let ids = keys.key_ids();
    assert_eq!(ids, [PlatformKeyId::parse(PUBLIC_KEY_ID).unwrap()]);
}

#[test]
fn a_public_key_and_certificates_stand_side_by_side() {
    let keys = PlatformKeyring::certificates()
        .with_public_key(public_key(PUBLIC_KEY_ID, PUBLIC_KEY))
        .with_public_key(public_key("PUB_KEY_ID_2", SECOND_PUBLIC_KEY));
    fetch(
        &keys,
        LATER,
        RefreshReason::Scheduled,
        &[&Platform::first()],
    );
    for id in [PUBLIC_KEY_ID, "PUB_KEY_ID_2", SERIAL] {
        let id = PlatformKeyId::parse(id).unwrap();
        assert_eq!(keys.key(&id).unwrap().id(), &id);
    }
    // The public key that was added last is used for requests.
    assert_eq!(keys.preferred(LATER).unwrap().id().as_str(), "PUB_KEY_ID_2");
    // The same id again is the same key, not another.
    let keys = keys.with_public_key(public_key("PUB_KEY_ID_2", PUBLIC_KEY));
    assert_eq!(keys.key_ids().len(), 3);
}

#[test]
fn public_keys_cannot_be_fetched() {
    let keys = PlatformKeyring::certificates();
    assert!(not_needed(&keys, LATER, unknown("PUB_KEY_ID_9")));
}

#[test]
fn the_first_fetch_is_due_at_once_and_the_next_after_the_interval() {
    let keys = PlatformKeyring::certificates();
    assert!(keys.preferred(LATER).is_none());
    fetch(&keys, LATER, RefreshReason::Missing, &[&Platform::first()]);
    assert!(not_needed(&keys, LATER, RefreshReason::Missing));
    let interval = 12 * 60 * 60;
    assert!(not_needed(
        &keys,
        after(interval - 1),
        RefreshReason::Scheduled
    ));
    fetch(
        &keys,
        after(interval),
        RefreshReason::Scheduled,
        &[&Platform::first()],
    );
    assert!(not_needed(&keys, after(interval), RefreshReason::Scheduled));

    let policy = RefreshPolicy::default().interval(60);
    let keys = keys.with_refresh_policy(policy);
    assert!(not_needed(
        &keys,
        after(interval + 59),
        RefreshReason::Scheduled
    ));
    drop(start(&keys, after(interval + 60), RefreshReason::Scheduled));
}

#[test]
fn one_fetches_and_the_others_wait() {
    let keys = PlatformKeyring::certificates();
    let permit = start(&keys, LATER, RefreshReason::Missing);
    assert_eq!(permit.started_at(), LATER);
    for reason in [
        RefreshReason::Scheduled,
        RefreshReason::Missing,
        unknown(SERIAL),
    ] {
        // Through a clone as well, and however late.
        let decision = keys.clone().refresh(after(3600), reason);
        assert!(
            matches!(decision, RefreshDecision::InFlight),
            "{decision:?}"
        );
    }
    drop(permit);
    assert!(waits_until(&keys, LATER, RefreshReason::Missing).is_some());
}

#[test]
fn a_permit_can_be_given_back_without_penalty() {
    let keys = PlatformKeyring::certificates();
    start(&keys, LATER, RefreshReason::Missing).release();
    // The next may start at once, and a failure is still the first one.
    drop(start(&keys, LATER, RefreshReason::Missing));
    assert_eq!(
        waits_until(&keys, LATER, RefreshReason::Missing),
        Some(after(1))
    );
}

#[test]
fn only_one_of_many_threads_may_start() {
    let keys = PlatformKeyring::certificates();
    let decisions: Vec<_> = std::thread::scope(|scope| {
        let ask = || keys.refresh(LATER, RefreshReason::Missing);
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(ask)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    let started = |decision: &&RefreshDecision| matches!(decision, RefreshDecision::Start(_));
    assert_eq!(decisions.iter().filter(started).count(), 1);
}

#[test]
fn failures_are_repeated_ever_more_slowly() {
    let keys = PlatformKeyring::certificates()
        .with_refresh_policy(RefreshPolicy::default().back_off(2, 10));
    let mut now = LATER;
    for pause in [2, 4, 8, 10, 10] {
        drop(start(&keys, now, RefreshReason::Missing));
        let until = now.saturating_add(pause);
        for reason in [
            RefreshReason::Missing,
            RefreshReason::Scheduled,
            unknown(SERIAL),
        ] {
            assert_eq!(waits_until(&keys, now, reason), Some(until), "{pause}");
        }
        assert_eq!(
            waits_until(&keys, until.saturating_sub(1), RefreshReason::Missing),
            Some(until)
        );
        now = until;
    }
    // A success starts over.
    fetch(&keys, now, RefreshReason::Missing, &[&Platform::first()]);
    let due = now.saturating_add(12 * 60 * 60);
    drop(start(&keys, due, RefreshReason::Scheduled));
    assert_eq!(
        waits_until(&keys, due, RefreshReason::Scheduled),
        Some(due.saturating_add(2))
    );
}

#[test]
fn a_failed_refresh_takes_nothing_away() {
    let keys = PlatformKeyring::certificates();
    fetch(&keys, LATER, RefreshReason::Missing, &[&Platform::first()]);
    let ids = keys.key_ids();
    let later = after(13 * 60 * 60);
    drop(start(&keys, later, RefreshReason::Scheduled));
    assert_eq!(keys.key_ids(), ids);
    assert!(keys.preferred(later).is_some());
}

#[test]
fn forged_serial_numbers_cannot_make_us_hammer() {
    let keys = PlatformKeyring::certificates();
    fetch(&keys, LATER, RefreshReason::Missing, &[&Platform::first()]);
    let mut fetches = 0;
    for second in 0..600 {
        let forged = format!("{second:040X}");
        if let RefreshDecision::Start(permit) = keys.refresh(after(second), unknown(&forged)) {
            fetches += 1;
            let list = Platform::first().list(&[Platform::first().listed()], after(second));
            let merchant = merchant_with(keys.clone());
            merchant
                .accept_certificates(&list, permit, after(second))
                .unwrap();
        }
    }
    assert_eq!(fetches, 10, "one a minute");
    // A known key is no reason at all.
    assert!(not_needed(&keys, after(1000), unknown(SERIAL)));
}

#[test]
fn a_rotation_is_followed() {
    let keys = PlatformKeyring::certificates();
    fetch(&keys, LATER, RefreshReason::Missing, &[&Platform::first()]);
    let second = unknown(SECOND_SERIAL);
    fetch(
        &keys,
        after(10),
        second.clone(),
        &[&Platform::first(), &Platform::second()],
    );
    assert!(not_needed(&keys, after(10), second));
    // Both are trusted; the newer one is used.
    assert_eq!(keys.key_ids().len(), 2);
    assert_eq!(
        keys.preferred(after(10)).unwrap().id().as_str(),
        SECOND_SERIAL
    );
}

#[test]
fn a_certificate_is_used_only_while_it_is_valid() {
    let keys = PlatformKeyring::certificates()
        .with_certificate(certificate(CERTIFICATE))
        .with_certificate(certificate(SECOND_CERTIFICATE).expires(LATER));
    let used = |now| keys.preferred(now).map(|key| key.id().to_string());
    assert_eq!(used(NOW), None, "not yet");
    assert_eq!(used(after(-1)).as_deref(), Some(SECOND_SERIAL));
    // The end is the first second in which it is not used any more.
    assert_eq!(used(LATER).as_deref(), Some(SERIAL));
    assert_eq!(used(Timestamp::from_unix(4_000_000_000)), None, "no more");
    // Found all the same: an answer may still be signed with it.
    let id = PlatformKeyId::parse(SECOND_SERIAL).unwrap();
    let key = keys.key(&id).unwrap();
    assert_eq!(key.not_after(), Some(LATER));
    assert!(!key.is_valid(LATER));
    // The list cannot make it last longer than it says itself.
    let own_end = certificate(CERTIFICATE).expires(Timestamp::from_unix(i64::MAX));
    let keys = PlatformKeyring::certificates().with_certificate(own_end);
    let end = keys
        .key(&PlatformKeyId::parse(SERIAL).unwrap())
        .unwrap()
        .not_after();
    assert_eq!(end, Some(Timestamp::from_unix(2_335_219_200)));
}

#[test]
fn what_has_ended_goes_when_something_newer_comes() {
    let (first, second) = (Platform::first(), Platform::second());
    let short = first.listed_with(crate::support::API_V3_KEY, "2025-06-16T00:00:00+08:00");
    let end = Timestamp::from_unix(1_750_003_200);
    let keys = PlatformKeyring::certificates();
    let merchant = merchant_with(keys.clone());
    let install = |items: &[serde_json::Value], by: &Platform, now| {
        let permit = start(&keys, now, RefreshReason::Scheduled);
        merchant
            .accept_certificates(&by.list(items, now), permit, now)
            .unwrap();
    };
    install(std::slice::from_ref(&short), &first, LATER);
    assert_eq!(keys.preferred(LATER).unwrap().not_after(), Some(end));
    // It has ended, and nothing else came: it stays, to verify with.
    let day = LATER.saturating_add(86_400);
    install(std::slice::from_ref(&short), &first, day);
    assert_eq!(keys.key_ids().len(), 1);
    assert!(keys.preferred(day).is_none());
    install(&[second.listed()], &second, day.saturating_add(86_400));
    let ids = keys.key_ids();
    assert_eq!(ids, [PlatformKeyId::parse(SECOND_SERIAL).unwrap()]);
}

#[test]
fn a_clock_that_was_set_back_stops_nothing() {
    let hour = -3600;
    // A schedule.
    let keys = PlatformKeyring::certificates();
    fetch(&keys, LATER, RefreshReason::Missing, &[&Platform::first()]);
    fetch(
        &keys,
        after(hour),
        RefreshReason::Scheduled,
        &[&Platform::first()],
    );
    // The limit for unknown keys.
    drop(start(&keys, LATER, unknown(SECOND_SERIAL)));
    drop(start(&keys, after(hour), unknown(SECOND_SERIAL)));
    // The pause after failures.
    let keys = PlatformKeyring::certificates();
    drop(start(&keys, LATER, RefreshReason::Missing));
    drop(start(&keys, after(hour), RefreshReason::Missing));
    // Set back by less than the pause, the pause is kept.
    assert!(waits_until(&keys, after(hour - 1), RefreshReason::Missing).is_some());
}

#[test]
fn without_certificates_the_merchant_is_told_and_asked_rarely() {
    let keys = PlatformKeyring::certificates();
    let merchant = merchant_with(keys.clone());
    let permit = start(&keys, LATER, RefreshReason::Missing);
    let body = r#"{"code":"RESOURCE_NOT_EXISTS","message":"无可用的平台证书"}"#;
    let answer = Platform::first().answer(404, body, LATER);
    let outcome = merchant
        .accept_certificates(&answer, permit, LATER)
        .unwrap();
    assert_eq!(outcome, wxpay_proto::CertificatesOutcome::NoCertificates);
    assert!(not_needed(&keys, after(3600), RefreshReason::Scheduled));
    let until = waits_until(&keys, after(1), RefreshReason::Missing);
    assert_eq!(until, Some(after(60)));
    assert!(waits_until(&keys, after(60), RefreshReason::Missing).is_none());
}

#[test]
fn a_failure_is_counted_from_its_end_where_that_is_told() {
    let keys = PlatformKeyring::certificates()
        .with_refresh_policy(RefreshPolicy::default().back_off(20, 60));
    let RefreshDecision::Start(permit) = keys.refresh(LATER, RefreshReason::Missing) else {
        panic!("nothing has been fetched yet");
    };
    let end = LATER.saturating_add(30);
    permit.fail(end);
    assert_eq!(
        waits_until(&keys, end, RefreshReason::Missing),
        Some(end.saturating_add(20))
    );
}
