//! What is done with each operation.

use std::collections::BTreeSet;
use std::fmt::Debug;

use http::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::runtime::Runtime;
use wxpay_api::v2;
use wxpay_client::proto::sign::{PublicKey, WorkwxSecret};
use wxpay_client::proto::v2::{Operation, Request};
use wxpay_client::proto::{Endpoint, Fen, Nonce};
use wxpay_client::v2::{ApiV2Key, Client, Merchant};

use crate::facts::Facts;
use crate::sample::Extent;
use crate::sense::Sense;
use crate::world::{NOTIFY, World};

const EXTENTS: [Extent; 2] = [Extent::Full, Extent::Least];

pub(crate) struct Run<'a> {
    facts: &'a [Facts],
    runtime: Runtime,
    world: World,
    client: Client,
    sense: Sense,
    /// The operations whose answers came back into their types.
    pub(crate) names: BTreeSet<&'static str>,
}

impl<'a> Run<'a> {
    pub(crate) fn open(facts: &'a [Facts]) -> Self {
        let runtime = Runtime::new().unwrap();
        let (world, client, sense) = runtime.block_on(async {
            let world = World::open().await;
            let client = client(&world, merchant(&world));
            let mut sense = Sense::default();
            // Something to be billed.
            sense.paid(&world, &client).await;
            world.days_pass(2).await;
            (world, client, sense)
        });
        Self {
            facts,
            runtime,
            world,
            client,
            sense,
            names: BTreeSet::new(),
        }
    }

    /// The journal.
    pub(crate) fn close(self) -> Vec<Value> {
        self.runtime.block_on(async {
            let journal = self.world.journal().await;
            self.world.close().await;
            journal
        })
    }

    /// The operation from its facts, as it makes sense.
    fn made<O: DeserializeOwned>(&mut self, name: &str, extent: Extent) -> O {
        let facts = self.facts.iter().find(|facts| facts.name == name);
        let mut sample = facts.unwrap().all().sample(extent);
        let (world, client) = (&self.world, &self.client);
        let making = self.sense.make(world, client, name, &mut sample);
        self.runtime.block_on(making);
        serde_json::from_value(sample).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// An operation with an answer in XML.
    pub(crate) fn operation<O>(&mut self, name: &'static str)
    where
        O: Operation + DeserializeOwned + Serialize + Clone + PartialEq + Debug,
        O::Response: Debug,
    {
        for extent in EXTENTS {
            let operation: O = self.made(name, extent);
            self.execute(name, &operation);
        }
    }

    fn execute<O: Operation>(&mut self, name: &'static str, operation: &O) -> O::Response {
        assert_eq!(operation.info().name, name);
        let answer = self.runtime.block_on(self.client.execute(operation));
        let answer = answer.unwrap_or_else(|error| panic!("{name}: {error:?}"));
        let facts = self.facts.iter().find(|facts| facts.name == name).unwrap();
        assert_eq!(answer.is_signed(), facts.reply == "signed", "{name}");
        assert!(!answer.raw().is_empty(), "{name}");
        self.names.insert(name);
        answer.into_value()
    }

    /// An operation that answers with a file.
    pub(crate) fn file<O>(&mut self, name: &'static str)
    where
        O: Operation + DeserializeOwned + Serialize + Clone + PartialEq + Debug,
    {
        for extent in EXTENTS {
            let operation: O = self.made(name, extent);
            assert_eq!(operation.info().name, name);
            let text = self.runtime.block_on(async {
                let mut file = self.client.download(&operation).await?;
                let mut text = Vec::new();
                while let Some(piece) = file.chunk().await? {
                    text.extend_from_slice(&piece);
                }
                Ok::<_, wxpay_client::Error>(text)
            });
            let text = text.unwrap_or_else(|error| panic!("{name}: {error:?}"));
            assert!(!text.is_empty(), "{name}");
            std::str::from_utf8(&text).unwrap();
        }
        self.names.insert(name);
    }

    /// An address that a browser opens.
    pub(crate) fn page<O>(&mut self, name: &'static str)
    where
        O: Request + DeserializeOwned + Serialize + Clone + PartialEq + Debug,
    {
        for extent in EXTENTS {
            let page: O = self.made(name, extent);
            assert_eq!(page.info().name, name);
            let base = self.world.server.base_url().to_owned();
            let merchant = self.client.merchant().clone();
            let merchant = merchant.with_endpoint(Endpoint::parse(&base).unwrap());
            let url = merchant
                .page_url(&page, &Nonce::from_bytes([7; 16]))
                .unwrap();
            let path = url.strip_prefix(&base).unwrap();
            let opened = self.world.send(Method::GET, path, String::new());
            let (status, text) = self.runtime.block_on(opened);
            assert_eq!(status, 200, "{name}: {text}");
            assert!(text.contains("<html"), "{name}: {text}");
        }
        self.names.insert(name);
    }

    /// What is written by hand, and what goes to the test systems under a key of theirs.
    pub(crate) fn by_hand(&mut self) {
        let appid = self.world.merchant().appid.clone();
        let openid = self.world.merchant().openid.clone();
        let image = v2::applyment::UploadMedia::new("门店.png", vec![0x89, b'P', b'N', b'G', 0]);
        self.execute("v2.applyment.upload_media", &image);
        let token = v2::real_name::GetAccessToken::new(&appid, openid, "code-of-the-payer");
        self.execute("v2.real_name.get_access_token", &token);

        let key = self.execute(
            "v2.sandbox.simulator_sign_key",
            &v2::sandbox::SimulatorSignKey::new(),
        );
        let key = ApiV2Key::new(key.sandbox_signkey.expose()).unwrap();
        let mch_id = self.world.merchant().mchid.clone();
        let test = Merchant::new(mch_id, key).unwrap();
        let usual = std::mem::replace(&mut self.client, client(&self.world, test));
        self.simulator(&appid);
        self.client = usual;
    }

    fn simulator(&mut self, appid: &str) {
        let order = |number: &str| {
            let code = "130061098828009400";
            v2::pay::MicroPay::new(appid, "伞", number, Fen::new(101), "203.0.113.7", code)
        };
        let query = |number: &str| v2::pay::OrderQuery::new(appid).out_trade_no(number);
        let placed = v2::pay::UnifiedOrder::new(
            appid,
            "伞",
            "SIM-1",
            Fen::new(101),
            "203.0.113.7",
            NOTIFY,
            v2::pay::TradeType::App,
        );
        let (old, new) = (v2::sandbox::Simulator::new(placed), "SIM-2");
        self.execute("v2.sandbox.simulator_unified_order", &old);
        let charge = v2::sandbox::Simulator::new(order(new));
        self.execute("v2.sandbox.simulator_micro_pay", &charge);
        let asked = v2::sandbox::Simulator::new(query(new));
        self.execute("v2.sandbox.simulator_order_query", &asked);
        let refund = v2::refund::CreateRefund::new(appid, "SIM-R", Fen::new(101), Fen::new(101));
        let refund = v2::sandbox::Simulator::new(refund.out_trade_no(new));
        self.execute("v2.sandbox.simulator_refund", &refund);
        let refunds = v2::refund::RefundQuery::new(appid).out_refund_no("SIM-R");
        let refunds = v2::sandbox::Simulator::new(refunds);
        self.execute("v2.sandbox.simulator_refund_query", &refunds);
        let bill = v2::bill::DownloadBill::new(appid, self.world.days_ago(2));
        let bill = v2::sandbox::Simulator::new(bill);
        let file = self.runtime.block_on(async {
            let mut file = self.client.download(&bill).await?;
            file.chunk().await
        });
        assert!(file.unwrap_or_else(|error| panic!("{error:?}")).is_some());
        self.names.insert("v2.sandbox.simulator_download_bill");
        let charge = v2::sandbox::Sandbox::new(order("SIM-3"));
        self.execute("v2.sandbox.sandbox_micro_pay", &charge);
        let asked = v2::sandbox::Sandbox::new(query("SIM-3"));
        self.execute("v2.sandbox.sandbox_order_query", &asked);
    }
}

fn merchant(world: &World) -> Merchant {
    let file = world.merchant();
    let key = String::from_utf8(world.read("pub_key.pem")).unwrap();
    Merchant::new(
        file.mchid.clone(),
        ApiV2Key::new(file.api_key.expose()).unwrap(),
    )
    .unwrap()
    .with_encryption_key(PublicKey::from_pem(&key).unwrap())
    .with_workwx_secret(WorkwxSecret::new(file.app_secret.expose()).unwrap())
}

fn client(world: &World, merchant: Merchant) -> Client {
    Client::builder(merchant)
        .endpoint(world.endpoint())
        .transport(world.transport())
        .identity(world.identity())
        .clock(world.clock())
        .build()
        .unwrap()
}
