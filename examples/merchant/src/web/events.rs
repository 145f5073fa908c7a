//! An order's page, while it is open: told of what is new.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderName, HeaderValue};
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream;
use maud::Render as _;
use tokio::sync::watch;

use super::Web;
use super::form::Token;
use super::panel::Panel;
use super::trouble::Trouble;

/// How often to look into the books: other processes do not ring this one's bell.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Proxies that collect answers before they pass them on shall not.
const UNBUFFERED: (HeaderName, HeaderValue) = (
    HeaderName::from_static("x-accel-buffering"),
    HeaderValue::from_static("no"),
);

struct Watcher {
    web: Web,
    token: Token,
    news: watch::Receiver<()>,
    /// The key of what was told last.
    told: String,
}

/// Events `state`: the parts of the page that change, as HTML; at once, and whenever there is
/// something new.
pub(super) async fn stream(
    State(web): State<Web>,
    token: Token,
) -> Result<impl IntoResponse, Trouble> {
    token.order(&web).await?;
    let watcher = Watcher {
        news: web.shop.bell.news(),
        web,
        token,
        told: String::new(),
    };
    let events = stream::unfold(watcher, |mut watcher| async {
        let event = watcher.next().await?;
        Some((Ok::<_, Infallible>(event), watcher))
    });
    Ok((
        [UNBUFFERED],
        Sse::new(events).keep_alive(KeepAlive::default()),
    ))
}

impl Watcher {
    /// The next event; `None` when the server stops.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if *self.web.stop.borrow() {
                return None;
            }
            // Books that are busy are looked into again a second later.
            if let Ok(panel) = self.look().await {
                let key = panel.key();
                if key != self.told {
                    self.told = key;
                    return Some(Event::default().event("state").data(panel.render().0));
                }
            }
            tokio::select! {
                _ = self.news.changed() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
                _ = self.web.stop.wait_for(|stop| *stop) => return None,
            }
        }
    }

    async fn look(&self) -> Result<Panel, Trouble> {
        let order = self.token.order(&self.web).await?;
        Panel::of(&self.web, &order).await
    }
}
