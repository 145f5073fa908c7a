//! The access token's cache, on a clock of its own.

use wxpay_proto::Timestamp;
use wxpay_proto::v1::{
    AccessToken, IssuedToken, TokenCache, TokenDecision, TokenPermit, TokenPolicy,
};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix(1_404_187_200 + seconds)
}

fn token(text: &str) -> AccessToken {
    AccessToken::new(text).unwrap()
}

fn issued(text: &str) -> IssuedToken {
    IssuedToken::new(token(text), 7200)
}

fn permit(cache: &TokenCache, now: i64) -> TokenPermit {
    match cache.ask(at(now)) {
        TokenDecision::Fetch(permit) => permit,
        other => panic!("{other:?}"),
    }
}

fn used(cache: &TokenCache, now: i64) -> String {
    match cache.ask(at(now)) {
        TokenDecision::Use(token) => token.expose().to_owned(),
        other => panic!("{other:?}"),
    }
}

fn wait(cache: &TokenCache, now: i64) -> i64 {
    match cache.ask(at(now)) {
        TokenDecision::Wait { until } => until.seconds_since(at(0)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn one_fetches_and_all_use() {
    let cache = TokenCache::default();
    let flight = permit(&cache, 0);
    assert!(matches!(cache.ask(at(1)), TokenDecision::InFlight));
    let shared = cache.clone();
    assert!(matches!(shared.ask(at(1)), TokenDecision::InFlight));
    flight.succeed(issued("a"));
    assert_eq!(used(&cache, 2), "a");
    assert_eq!(used(&shared, 6899), "a");
}

#[test]
fn it_is_replaced_before_it_ends_and_used_meanwhile() {
    let cache = TokenCache::default();
    permit(&cache, 0).succeed(issued("a"));
    assert_eq!(used(&cache, 6899), "a");
    let flight = permit(&cache, 6900);
    assert_eq!(used(&cache, 6901), "a");
    flight.succeed(issued("b"));
    assert_eq!(used(&cache, 6902), "b");
    // And counts from when it was asked for.
    let (_, until) = cache.current(at(6902)).unwrap();
    assert_eq!(until, at(6900 + 7200));
}

#[test]
fn after_its_end_it_is_not_used() {
    let cache = TokenCache::default();
    permit(&cache, 0).succeed(issued("a"));
    let flight = permit(&cache, 7200);
    assert!(matches!(cache.ask(at(7200)), TokenDecision::InFlight));
    assert!(cache.current(at(7200)).is_none());
    drop(flight);
}

#[test]
fn only_the_current_token_can_be_invalidated() {
    let cache = TokenCache::default();
    permit(&cache, 0).succeed(issued("a"));
    cache.invalidate(&token("older"));
    assert_eq!(used(&cache, 100), "a");
    // Many calls fail with the same token at once; one fetch follows.
    cache.invalidate(&token("a"));
    cache.invalidate(&token("a"));
    let flight = permit(&cache, 100);
    assert_eq!(flight.refused().map(AccessToken::expose), Some("a"));
    flight.succeed(issued("b"));
    cache.invalidate(&token("a"));
    assert_eq!(used(&cache, 101), "b");
}

#[test]
fn servers_that_take_each_others_tokens_away_do_not_burn_the_quota() {
    let cache = TokenCache::default();
    permit(&cache, 0).succeed(issued("a"));
    cache.invalidate(&token("a"));
    assert_eq!(wait(&cache, 1), 60);
    assert_eq!(wait(&cache, 59), 60);
    permit(&cache, 60).succeed(issued("b"));
}

#[test]
fn a_day_has_so_many_fetches_and_no_more() {
    let cache = TokenCache::new(TokenPolicy::default().daily_limit(3));
    for (number, now) in [0, 100, 200].into_iter().enumerate() {
        let name = number.to_string();
        permit(&cache, now).succeed(issued(&name));
        cache.invalidate(&token(&name));
    }
    assert_eq!(wait(&cache, 300), 86_400);
    permit(&cache, 86_400).succeed(issued("next"));
    cache.invalidate(&token("next"));
    assert_eq!(wait(&cache, 86_460), 86_500);
    let none = TokenCache::new(TokenPolicy::default().daily_limit(0));
    assert_eq!(wait(&none, 0), 86_400);
}

#[test]
fn failures_wait_longer_and_longer() {
    let cache = TokenCache::default();
    permit(&cache, 0).fail(at(5));
    assert_eq!(wait(&cache, 5), 6);
    permit(&cache, 6).fail(at(6));
    assert_eq!(wait(&cache, 6), 8);
    // A permit that is dropped has failed when it was given.
    drop(permit(&cache, 8));
    assert_eq!(wait(&cache, 9), 12);
    let mut now = 12;
    for _ in 0..10 {
        permit(&cache, now).fail(at(now));
        now = wait(&cache, now);
    }
    permit(&cache, now).fail(at(now));
    assert_eq!(wait(&cache, now), now + 60);
    permit(&cache, now + 60).succeed(issued("a"));
    assert_eq!(used(&cache, now + 61), "a");
}

#[test]
fn a_failed_replacement_leaves_the_old_one_in_use() {
    let cache = TokenCache::default();
    permit(&cache, 0).succeed(issued("a"));
    permit(&cache, 6900).fail(at(6900));
    assert_eq!(used(&cache, 6900), "a");
    permit(&cache, 6901).succeed(issued("b"));
    assert_eq!(used(&cache, 6902), "b");
}

#[test]
fn short_lived_tokens_are_used_for_half_their_life_at_least() {
    let cache = TokenCache::default();
    permit(&cache, 0).succeed(IssuedToken::new(token("a"), 100));
    assert_eq!(used(&cache, 49), "a");
    // Due, and the least pause has not passed: still in use.
    assert_eq!(used(&cache, 50), "a");
    drop(permit(&cache, 60));
}

#[test]
fn a_clock_that_is_set_back_neither_keeps_a_token_nor_stops_fetching() {
    let cache = TokenCache::default();
    permit(&cache, 10_000).succeed(issued("a"));
    permit(&cache, 0).succeed(issued("b"));
    assert_eq!(used(&cache, 1), "b");
    let failed = TokenCache::default();
    permit(&failed, 10_000).fail(at(10_000));
    permit(&failed, 0).succeed(issued("b"));
}

#[test]
fn a_token_can_be_put_in_and_taken_over_a_restart() {
    let cache = TokenCache::default();
    cache.install(issued("kept"), at(0));
    let (kept, until) = cache.current(at(10)).unwrap();
    let next = TokenCache::default();
    next.install(IssuedToken::new(kept, until.seconds_since(at(10))), at(10));
    assert_eq!(used(&next, 20), "kept");
    next.install(IssuedToken::new(token("ended"), -5), at(20));
    drop(permit(&next, 20));
}

#[test]
fn tokens_of_a_central_server_are_asked_for_freely() {
    let cache = TokenCache::new(TokenPolicy::shared());
    for now in 0..500 {
        permit(&cache, now).succeed(issued("a"));
        cache.invalidate(&token("a"));
    }
}
