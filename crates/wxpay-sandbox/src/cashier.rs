//! The cashier (收银台): pages on which a person sees an order and pays it or leaves.
//!
//! They work without scripts: what the payer decides is a form, and its answer leads back to the
//! order's page. What they show and do passes through the same controls under `/_sandbox/` that
//! programs use.

mod form;
mod page;

use bytes::Bytes;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderValue, Method, Request, Response, StatusCode, Uri};
use serde_json::{Value, json};
use wxpay_json::{DateTime, Fen};
use wxpay_sign::Timestamp;

use crate::core::Core;
use form::Form;
use page::{Action, Badge, Look, Page};

const PATH: &str = "/_sandbox/cashier";
const PAY: &str = "/_sandbox/cashier/pay";
const LEAVE: &str = "/_sandbox/cashier/leave";

/// Nothing but the page itself: no script, no picture, no other site.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
);

/// Answers a request for the cashier; `None` if it is for something else.
pub(crate) fn answer(
    core: &mut Core,
    request: &Request<Bytes>,
    now: Timestamp,
) -> Option<Response<Bytes>> {
    let get = request.method() == Method::GET || request.method() == Method::HEAD;
    let post = request.method() == Method::POST;
    match request.uri().path() {
        PATH if get => {
            let visit = Visit::read(request.uri().query().unwrap_or_default().as_bytes());
            Some(visit.show(core, now))
        }
        PAY if post => Some(Visit::read(request.body()).pay(core, now)),
        LEAVE if post => Some(Visit::read(request.body()).leave()),
        PATH => Some(not_allowed("GET, HEAD")),
        PAY | LEAVE => Some(not_allowed("POST")),
        _ => None,
    }
}

/// What a payer's browser brings along, in the query or a form.
#[derive(Debug)]
struct Visit {
    out_trade_no: String,
    /// What the link carried, where it was one the sandbox gave out.
    code: Option<String>,
    /// Where the merchant of an H5 order wants the payer back; a web address or nothing.
    redirect_url: Option<String>,
    outcome: Option<Outcome>,
}

/// How the payer's last step on this page ended.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Outcome {
    /// The payment failed, as the payer chose.
    Error,
    /// The payer left.
    Left,
    /// The order could not be paid any more.
    Refused,
}

impl Outcome {
    fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Left => "left",
            Self::Refused => "refused",
        }
    }
}

impl Visit {
    fn read(text: &[u8]) -> Self {
        let form = Form::parse(text);
        Self {
            out_trade_no: form.value("out_trade_no").unwrap_or_default().to_owned(),
            code: form
                .value("code")
                .filter(|code| !code.is_empty())
                .map(str::to_owned),
            redirect_url: form
                .value("redirect_url")
                .filter(|url| is_web_address(url))
                .map(str::to_owned),
            outcome: [Outcome::Error, Outcome::Left, Outcome::Refused]
                .into_iter()
                .find(|outcome| form.value("outcome") == Some(outcome.name())),
        }
    }

    fn pay(self, core: &mut Core, now: Timestamp) -> Response<Bytes> {
        let fails = self.outcome == Some(Outcome::Error);
        let mut deed = json!({ "outcome": if fails { "error" } else { "success" } });
        if let Some(code) = &self.code {
            deed["code"] = json!(code);
        }
        let (status, _) = control(
            core,
            Method::POST,
            &format!("{}/pay", order_path(&self.out_trade_no)),
            &deed.to_string(),
            now,
        );
        let outcome = match (status.is_success(), fails) {
            (true, true) => Some(Outcome::Error),
            (true, false) => None,
            (false, _) => Some(Outcome::Refused),
        };
        self.back(outcome)
    }

    fn leave(self) -> Response<Bytes> {
        self.back(Some(Outcome::Left))
    }

    /// Sends the browser back to the order's page, so that loading it again pays nothing twice.
    fn back(&self, outcome: Option<Outcome>) -> Response<Bytes> {
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = StatusCode::SEE_OTHER;
        let location = HeaderValue::from_str(&self.address(outcome));
        response
            .headers_mut()
            .insert(LOCATION, location.unwrap_or(HeaderValue::from_static(PATH)));
        response
    }

    /// The address of the order's page.
    fn address(&self, outcome: Option<Outcome>) -> String {
        let mut query = self.fields();
        query.extend(outcome.map(|outcome| ("outcome", outcome.name())));
        format!("{PATH}?{}", form::encode(&query))
    }

    fn show(&self, core: &mut Core, now: Timestamp) -> Response<Bytes> {
        let path = order_path(&self.out_trade_no);
        let (status, order) = control(core, Method::GET, &path, "", now);
        if status.is_success() {
            let (_, clock) = control(core, Method::GET, "/_sandbox/clock", "", now);
            let now = clock["unix"].as_i64().unwrap_or(now.as_unix());
            html(StatusCode::OK, &self.page(&Order::new(order), now))
        } else {
            html(StatusCode::NOT_FOUND, &self.unknown())
        }
    }

    /// The page for the order as it is at this time of the sandbox, in Unix seconds.
    fn page<'a>(&'a self, order: &'a Order, now: i64) -> Page<'a> {
        const ANEW: Option<&str> = Some("请返回商家重新下单");
        match order.text("/trade_state") {
            "NOTPAY" | "USERPAYING" => {}
            "SUCCESS" => return self.result(order, Badge::Done, "支付成功", None),
            "REFUND" => {
                let note = Some("款项已退回或正在退回付款账户");
                return self.result(order, Badge::Attention, "订单已退款", note);
            }
            "CLOSED" => return self.result(order, Badge::Attention, "订单已关闭", ANEW),
            "REVOKED" => return self.result(order, Badge::Attention, "订单已撤销", ANEW),
            _ => return self.result(order, Badge::Failed, "支付失败", ANEW),
        }
        if order.time("/time_expire").is_some_and(|end| end <= now) {
            let note = Some("已超过支付时限，请返回商家重新下单");
            return self.result(order, Badge::Attention, "订单已过期", note);
        }
        if self
            .code
            .as_deref()
            .is_some_and(|code| !order.is_good(code, now))
        {
            let note = Some("请返回商家重新获取付款链接或二维码");
            return self.result(order, Badge::Attention, "付款链接已失效", note);
        }
        match self.outcome {
            Some(Outcome::Error) => self.again(
                order,
                Badge::Failed,
                "支付失败",
                "支付未完成，没有扣款",
                "重新支付",
            ),
            Some(Outcome::Left) => self.again(
                order,
                Badge::Attention,
                "已放弃支付",
                "订单尚未支付",
                "继续支付",
            ),
            Some(Outcome::Refused) => self.again(
                order,
                Badge::Attention,
                "暂时无法支付",
                "请稍后再试",
                "重新支付",
            ),
            None => self.order(order),
        }
    }

    /// The order, to be paid.
    fn order<'a>(&'a self, order: &'a Order) -> Page<'a> {
        let pay = |text, look, outcome: Option<Outcome>| {
            let mut fields = self.fields();
            fields.extend(outcome.map(|outcome| ("outcome", outcome.name())));
            Action::Submit {
                text,
                to: PAY,
                fields,
                look,
            }
        };
        Page {
            title: "微信支付收银台",
            badge: None,
            heading: &order.description,
            amount: order.amount(),
            note: None,
            rows: order.rows(),
            actions: vec![
                pay("确认支付", Look::Primary, None),
                pay("模拟支付失败", Look::Plain, Some(Outcome::Error)),
                Action::Submit {
                    text: "放弃支付",
                    to: LEAVE,
                    fields: self.fields(),
                    look: Look::Plain,
                },
            ],
        }
    }

    /// An end: nothing more to do but to go back.
    fn result<'a>(
        &'a self,
        order: &'a Order,
        badge: Badge,
        heading: &'a str,
        note: Option<&'a str>,
    ) -> Page<'a> {
        let back = self.redirect_url.as_deref();
        let actions = back.map(|to| Action::Link {
            text: "返回商家",
            to,
            look: Look::Secondary,
        });
        let mut rows = order.rows();
        rows.insert(0, ("商品", order.description.clone()));
        let actions = actions.into_iter().collect();
        Page {
            title: heading,
            badge: Some(badge),
            heading,
            amount: order.amount(),
            note,
            rows,
            actions,
        }
    }

    /// Not paid yet, and may still be.
    fn again<'a>(
        &'a self,
        order: &'a Order,
        badge: Badge,
        heading: &'a str,
        note: &'a str,
        again: &'a str,
    ) -> Page<'a> {
        let mut page = self.result(order, badge, heading, Some(note));
        let retry = Action::Submit {
            text: again,
            to: PAY,
            fields: self.fields(),
            look: Look::Primary,
        };
        page.actions.insert(0, retry);
        page
    }

    fn unknown(&self) -> Page<'_> {
        let back = self.redirect_url.as_deref();
        let actions = back.map(|to| Action::Link {
            text: "返回商家",
            to,
            look: Look::Secondary,
        });
        Page {
            title: "订单不存在",
            badge: Some(Badge::Attention),
            heading: "订单不存在",
            amount: None,
            note: Some("付款链接有误或已失效，请返回商家重新下单"),
            rows: Vec::new(),
            actions: actions.into_iter().collect(),
        }
    }

    /// What has to be known again at the next step.
    fn fields(&self) -> Vec<(&str, &str)> {
        let mut fields = vec![("out_trade_no", self.out_trade_no.as_str())];
        fields.extend(self.code.as_deref().map(|code| ("code", code)));
        fields.extend(
            self.redirect_url
                .as_deref()
                .map(|url| ("redirect_url", url)),
        );
        fields
    }
}

/// An order as the controls show it.
#[derive(Debug)]
struct Order {
    seen: Value,
    /// What it is for.
    description: String,
}

impl Order {
    fn new(seen: Value) -> Self {
        let parts = seen["sub_orders"].as_array().map_or(0, Vec::len);
        let description = match seen["description"].as_str() {
            _ if parts > 0 => format!("合单支付（共{parts}笔）"),
            None | Some("") => "商户订单".to_owned(),
            Some(text) => text.to_owned(),
        };
        Self { seen, description }
    }

    fn text(&self, pointer: &str) -> &str {
        self.seen
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    fn amount(&self) -> Option<String> {
        yuan(&self.seen)
    }

    /// A time, in Unix seconds.
    fn time(&self, pointer: &str) -> Option<i64> {
        self.text(pointer).parse().ok().map(DateTime::as_unix)
    }

    /// Whether a link with this code still leads to the payment.
    fn is_good(&self, code: &str, now: i64) -> bool {
        let codes = self.seen["codes"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default();
        codes.iter().any(|known| {
            let until = known["good_until"]
                .as_str()
                .and_then(|at| at.parse::<DateTime>().ok());
            known["code"] == code && until.is_some_and(|until| now <= until.as_unix())
        })
    }

    fn rows(&self) -> Vec<(&'static str, String)> {
        let mut rows = Vec::new();
        // Orders paid together (合单): what each of them is for.
        for part in self.seen["sub_orders"]
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default()
        {
            let name = part["description"].as_str().unwrap_or_default();
            rows.push((
                "子订单",
                format!("{name} ¥{}", yuan(part).unwrap_or_default()),
            ));
        }
        let mchid = ["/sub_mchid", "/mchid"].map(|at| self.text(at));
        let paid = !self.text("/success_time").is_empty();
        rows.extend([
            (
                "收款商户",
                mchid
                    .into_iter()
                    .find(|text| !text.is_empty())
                    .unwrap_or_default()
                    .to_owned(),
            ),
            ("商户单号", self.text("/out_trade_no").to_owned()),
            ("交易单号", self.text("/transaction_id").to_owned()),
            ("支付时间", local(self.text("/success_time"))),
            (
                "支付截止",
                if paid {
                    String::new()
                } else {
                    local(self.text("/time_expire"))
                },
            ),
        ]);
        rows.retain(|(_, text)| !text.is_empty());
        rows
    }
}

/// The amount of an order, such as `19.99`.
fn yuan(order: &Value) -> Option<String> {
    let fen = order.pointer("/amount/total")?.as_i64()?;
    Some(Fen::new(fen).yuan().to_string())
}

/// A time for people: `2026-03-02T08:00:00+08:00` is `2026-03-02 08:00:00` to a payer in China.
fn local(time: &str) -> String {
    let Ok(time) = time.parse::<DateTime>() else {
        return String::new();
    };
    let text = DateTime::beijing(time.as_unix()).to_string();
    text.get(..19).unwrap_or(&text).replace('T', " ")
}

fn order_path(out_trade_no: &str) -> String {
    format!("/_sandbox/orders/{}", form::encode_segment(out_trade_no))
}

/// Asks a control of the sandbox, as a program does over HTTP.
fn control(
    core: &mut Core,
    method: Method,
    path: &str,
    body: &str,
    now: Timestamp,
) -> (StatusCode, Value) {
    let mut request = Request::new(Bytes::copy_from_slice(body.as_bytes()));
    *request.method_mut() = method;
    let Ok(uri) = path.parse::<Uri>() else {
        return (StatusCode::NOT_FOUND, Value::Null);
    };
    *request.uri_mut() = uri;
    let response = core.handle(request, now).response;
    (
        response.status(),
        serde_json::from_slice(response.body()).unwrap_or_default(),
    )
}

/// Whether a link may lead there: to the web, and nowhere else a browser would go.
fn is_web_address(url: &str) -> bool {
    url.parse::<Uri>().is_ok_and(|url| {
        let scheme = url.scheme_str().unwrap_or_default();
        ["http", "https"]
            .iter()
            .any(|web| scheme.eq_ignore_ascii_case(web))
            && url.host().is_some_and(|host| !host.is_empty())
    })
}

fn html(status: StatusCode, page: &Page<'_>) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(page.html()));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("text/html; charset=utf-8"),
    );
    headers.insert(CONTENT_SECURITY_POLICY, POLICY);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

fn not_allowed(methods: &'static str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
    response
        .headers_mut()
        .insert(ALLOW, HeaderValue::from_static(methods));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_to_the_web_only() {
        for url in [
            "https://shop.example/done?a=1&b=2",
            "http://127.0.0.1:8080/",
            "HTTPS://SHOP.EXAMPLE/",
        ] {
            assert!(is_web_address(url), "{url}");
        }
        for url in [
            "javascript:alert(1)",
            "javascript://x/%0aalert(1)",
            "data:text/html,x",
            "//shop.example/",
            "/done",
            "shop.example",
            "https:///done",
            "https://shop.example/a b",
            "ftp://shop.example/",
            " https://shop.example/",
            "",
        ] {
            assert!(!is_web_address(url), "{url}");
        }
    }

    #[test]
    fn a_visit_survives_the_way_back() {
        let visit = Visit {
            out_trade_no: "a|b*c-1".to_owned(),
            code: Some("c0de".to_owned()),
            redirect_url: Some("https://shop.example/done?a=1&b=茶+水".to_owned()),
            outcome: None,
        };
        let address = visit.address(Some(Outcome::Left));
        let read = Visit::read(address.split_once('?').unwrap().1.as_bytes());
        assert_eq!(read.out_trade_no, visit.out_trade_no);
        assert_eq!(read.code, visit.code);
        assert_eq!(read.redirect_url, visit.redirect_url);
        assert_eq!(read.outcome, Some(Outcome::Left));
    }

    #[test]
    fn times_are_those_of_beijing() {
        assert_eq!(local("2026-03-01T16:00:00Z"), "2026-03-02 00:00:00");
        assert_eq!(local("2026-03-02T00:00:00+08:00"), "2026-03-02 00:00:00");
        assert_eq!(local("tomorrow"), "");
    }
}
