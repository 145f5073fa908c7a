//! Draws the cashier's pages. Every text that comes from outside passes through [`escape`].

use std::fmt::{self, Display, Write as _};

const STYLE: &str = include_str!("../../assets/cashier.css");

const LOGO: &str = r##"<svg viewBox="0 0 24 24" aria-hidden="true"><path fill="#07c160" d="M9.2 15.1c-.3.2-.7 0-.8-.3l-1.9-4c-.1-.3.2-.6.5-.4l2 1.4c.4.2.8.3 1.3.1l9-4C17.6 5.5 14.9 4 12 4 6.5 4 2 7.7 2 12.2c0 2.5 1.4 4.7 3.5 6.2.2.1.3.4.2.6l-.5 1.9c-.1.3.3.6.6.4l2.3-1.3c.2-.1.4-.1.6-.1 1 .3 2.1.5 3.3.5 5.5 0 10-3.7 10-8.2 0-1.3-.4-2.6-1.1-3.7z"/></svg>"##;
const DONE: &str = r##"<svg class="badge" viewBox="0 0 64 64" aria-hidden="true"><circle cx="32" cy="32" r="32" fill="#07c160"/><path d="M18 33l10 10 19-20" fill="none" stroke="#fff" stroke-width="5" stroke-linecap="round" stroke-linejoin="round"/></svg>"##;
const FAILED: &str = r##"<svg class="badge" viewBox="0 0 64 64" aria-hidden="true"><circle cx="32" cy="32" r="32" fill="#fa5151"/><path d="M22 22l20 20M42 22L22 42" fill="none" stroke="#fff" stroke-width="5" stroke-linecap="round"/></svg>"##;
const ATTENTION: &str = r##"<svg class="badge" viewBox="0 0 64 64" aria-hidden="true"><circle cx="32" cy="32" r="32" fill="#fa9d3b"/><path d="M32 16v22" fill="none" stroke="#fff" stroke-width="5" stroke-linecap="round"/><circle cx="32" cy="47" r="3.3" fill="#fff"/></svg>"##;

/// The picture above a result.
#[derive(Clone, Copy, Debug)]
pub(super) enum Badge {
    Done,
    Failed,
    Attention,
}

/// One page, put together from top to bottom.
#[derive(Debug)]
pub(super) struct Page<'a> {
    /// The text of the browser's tab.
    pub(super) title: &'a str,
    pub(super) badge: Option<Badge>,
    pub(super) heading: &'a str,
    /// Yuan, such as `19.99`.
    pub(super) amount: Option<String>,
    pub(super) note: Option<&'a str>,
    /// Label and text.
    pub(super) rows: Vec<(&'a str, String)>,
    pub(super) actions: Vec<Action<'a>>,
}

/// What the payer may do.
#[derive(Debug)]
pub(super) enum Action<'a> {
    /// Sends a form.
    Submit {
        text: &'a str,
        to: &'a str,
        fields: Vec<(&'a str, &'a str)>,
        look: Look,
    },
    /// Goes somewhere.
    Link {
        text: &'a str,
        to: &'a str,
        look: Look,
    },
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Look {
    Primary,
    Secondary,
    Plain,
}

impl Look {
    fn class(self) -> &'static str {
        match self {
            Self::Primary => "button primary",
            Self::Secondary => "button",
            Self::Plain => "plain",
        }
    }
}

impl Page<'_> {
    /// The page as HTML.
    pub(super) fn html(&self) -> String {
        let mut html = String::with_capacity(STYLE.len() + 4096);
        // Writing to a `String` cannot fail.
        let _ = self.write(&mut html);
        html
    }

    fn write(&self, html: &mut String) -> fmt::Result {
        write!(
            html,
            "<!doctype html>\n<html lang=\"zh-CN\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1, viewport-fit=cover\">\n\
             <meta name=\"format-detection\" content=\"telephone=no\">\n\
             <title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<div class=\"sheet\">\n\
             <header>{LOGO}<span>微信支付</span><span class=\"tag\">沙箱</span></header>\n<main>\n<section class=\"sum\">\n",
            escape(self.title)
        )?;
        html.push_str(match self.badge {
            Some(Badge::Done) => DONE,
            Some(Badge::Failed) => FAILED,
            Some(Badge::Attention) => ATTENTION,
            None => "",
        });
        let class = if self.badge.is_some() {
            " class=\"verdict\""
        } else {
            ""
        };
        writeln!(html, "<h1{class}>{}</h1>", escape(self.heading))?;
        if let Some(amount) = &self.amount {
            let long = if amount.len() > 10 { " long" } else { "" };
            writeln!(
                html,
                "<p class=\"amount{long}\"><small>¥</small>{}</p>",
                escape(amount)
            )?;
        }
        if let Some(note) = self.note {
            writeln!(html, "<p class=\"note\">{}</p>", escape(note))?;
        }
        html.push_str("</section>\n");
        if !self.rows.is_empty() {
            html.push_str("<dl>\n");
            for (label, text) in &self.rows {
                let class = if text.is_ascii() {
                    " class=\"number\""
                } else {
                    ""
                };
                writeln!(
                    html,
                    "<div><dt>{}</dt><dd{class}>{}</dd></div>",
                    escape(label),
                    escape(text)
                )?;
            }
            html.push_str("</dl>\n");
        }
        if !self.actions.is_empty() {
            html.push_str("<nav class=\"actions\">\n");
            let (plain, buttons): (Vec<_>, Vec<_>) = self
                .actions
                .iter()
                .partition(|action| action.look() == Look::Plain);
            for action in buttons {
                action.write(html)?;
            }
            if !plain.is_empty() {
                html.push_str("<div class=\"pair\">\n");
                for action in plain {
                    action.write(html)?;
                }
                html.push_str("</div>\n");
            }
            html.push_str("</nav>\n");
        }
        html.push_str(
            "</main>\n<footer>本机沙箱，不会发生真实扣款</footer>\n</div>\n</body>\n</html>\n",
        );
        Ok(())
    }
}

impl Action<'_> {
    fn look(&self) -> Look {
        match self {
            Self::Submit { look, .. } | Self::Link { look, .. } => *look,
        }
    }

    fn write(&self, html: &mut String) -> fmt::Result {
        match self {
            Self::Submit {
                text,
                to,
                fields,
                look,
            } => {
                write!(html, "<form method=\"post\" action=\"{}\">", escape(to))?;
                for (name, value) in fields {
                    write!(
                        html,
                        "<input type=\"hidden\" name=\"{}\" value=\"{}\">",
                        escape(name),
                        escape(value)
                    )?;
                }
                writeln!(
                    html,
                    "<button class=\"{}\">{}</button></form>",
                    look.class(),
                    escape(text)
                )
            }
            Self::Link { text, to, look } => writeln!(
                html,
                "<a class=\"{}\" href=\"{}\" rel=\"noreferrer\">{}</a>",
                look.class(),
                escape(to),
                escape(text)
            ),
        }
    }
}

/// Text as it may stand in HTML, between tags and in quoted attributes alike.
pub(super) fn escape(text: &str) -> impl Display + '_ {
    struct Escaped<'a>(&'a str);
    impl Display for Escaped<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            let mut rest = self.0;
            while let Some(at) = rest.find(['&', '<', '>', '"', '\'']) {
                f.write_str(&rest[..at])?;
                f.write_str(match rest.as_bytes()[at] {
                    b'&' => "&amp;",
                    b'<' => "&lt;",
                    b'>' => "&gt;",
                    b'"' => "&quot;",
                    _ => "&#39;",
                })?;
                rest = &rest[at + 1..];
            }
            f.write_str(rest)
        }
    }
    Escaped(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_what_html_gives_a_meaning() {
        assert_eq!(
            escape(r#"<b class="x">'茶' & more</b>"#).to_string(),
            "&lt;b class=&quot;x&quot;&gt;&#39;茶&#39; &amp; more&lt;/b&gt;"
        );
        assert_eq!(escape("").to_string(), "");
    }

    #[test]
    fn a_page_escapes_every_text_it_is_given() {
        let evil = "\"><script>alert(1)</script>";
        let page = Page {
            title: evil,
            badge: None,
            heading: evil,
            amount: Some(evil.to_owned()),
            note: Some(evil),
            rows: vec![(evil, evil.to_owned())],
            actions: vec![
                Action::Submit {
                    text: evil,
                    to: evil,
                    fields: vec![(evil, evil)],
                    look: Look::Primary,
                },
                Action::Link {
                    text: evil,
                    to: evil,
                    look: Look::Plain,
                },
            ],
        };
        let html = page.html();
        assert!(!html.contains("<script"), "{html}");
        assert_eq!(html.matches("&quot;&gt;&lt;script&gt;").count(), 12);
    }
}
