//! Currencies.

wxpay_json::open_enum! {
    /// A currency (货币类型), by its ISO 4217 code. Within mainland China there is only CNY. Amounts are whole
    /// numbers of the currency's smallest unit: cents, and yen as they are.
    pub enum Currency {
        /// Chinese yuan (人民币); amounts are in fen.
        Cny = "CNY",
        /// Hong Kong dollar (港币).
        Hkd = "HKD",
        /// United States dollar (美元).
        Usd = "USD",
        /// Euro (欧元).
        Eur = "EUR",
        /// Pound sterling (英镑).
        Gbp = "GBP",
        /// Japanese yen (日元).
        Jpy = "JPY",
        /// South Korean won (韩元).
        Krw = "KRW",
        /// Australian dollar (澳元).
        Aud = "AUD",
        /// New Zealand dollar (新西兰元).
        Nzd = "NZD",
        /// Canadian dollar (加元).
        Cad = "CAD",
        /// Singapore dollar (新加坡元).
        Sgd = "SGD",
        /// Malaysian ringgit (马来西亚林吉特).
        Myr = "MYR",
        /// Thai baht (泰铢).
        Thb = "THB",
        /// Macanese pataca (澳门元).
        Mop = "MOP",
        /// Swiss franc (瑞士法郎).
        Chf = "CHF",
        /// Danish krone (丹麦克朗).
        Dkk = "DKK",
        /// Norwegian krone (挪威克朗).
        Nok = "NOK",
        /// Swedish krona (瑞典克朗).
        Sek = "SEK",
    }
}
