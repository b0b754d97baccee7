//! A record on its way to a shard, packed into three words.

/// Bits of a call's number within its producer; after 4.3 billion records numbers begin again, so
/// that far apart two records draw the same waits.
const NUMBER_BITS: u32 = 32;
/// Bits below the producer of a call.
pub(super) const CALL_BITS: u32 = 56;
/// Bits of a time; a run is shorter than two years.
const TIME_BITS: u32 = 56;
/// Bits of the size of a record; the largest has 2^23.3 bytes.
const SIZE_BITS: u32 = 24;
/// Bits of the place of a record in its call, where user records are counted above.
const PLACE_BITS: u32 = 12;
/// Says that they are; else the number of its partition key stands there.
const AGGREGATED: u32 = 1 << (u32::BITS - PLACE_BITS - 1);
/// Step in which a reporting client says how long its records waited, as a power of two of
/// nanoseconds.
const REPORTED_STEP_BITS: u32 = 10;

/// The first attempt of a record, on its way to a shard. Packed, because writing and reading
/// arrivals is much of the work of a run in which nothing is scarce.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine) struct Arrival {
    /// Producer in the upper 8 bits; below, when the call reaches the service, in nanoseconds.
    producer_and_service: u64,
    /// Number of the call's first record above, number of the partition key below.
    number_and_key: u64,
    /// Nanoseconds since the producer came up with the record, above; bytes as the stream counts
    /// them, in the lower 24 bits.
    waited_and_size: u64,
}

impl Arrival {
    #[inline(always)]
    pub(in crate::engine) const fn new(
        service: u64,
        call: u64,
        waited: u64,
        size: u32,
        key: u32,
    ) -> Self {
        let producer = call >> CALL_BITS;
        Self {
            producer_and_service: producer << TIME_BITS | service,
            number_and_key: call << 32 | key as u64,
            waited_and_size: waited << SIZE_BITS | size as u64,
        }
    }

    /// A record of a client that hears of what becomes of it: `times` are when its call reaches
    /// the service and when it was made, `call` is the producer above and the slot below.
    #[inline]
    pub(in crate::engine) const fn reported(
        times: (u64, u64),
        call: u64,
        size: u32,
        record: InCall,
    ) -> Self {
        let waited = (times.0 - times.1) >> REPORTED_STEP_BITS;
        let rest = match record.users {
            0 | 1 => record.key & InCall::USERS_MAX,
            users => AGGREGATED | users,
        };
        Self::new(times.0, call, waited, size, rest << PLACE_BITS | record.place)
    }

    /// When such a record was made, to the microsecond: a client can keep it for days.
    #[inline]
    pub(in crate::engine) const fn reported_created(&self) -> u64 {
        self.service() - (self.waited() << REPORTED_STEP_BITS)
    }

    /// Where such a record stands in its call.
    #[inline]
    pub(in crate::engine) const fn in_call(&self) -> InCall {
        let (place, rest) = (self.key() & (InCall::PLACES - 1), self.key() >> PLACE_BITS);
        if rest & AGGREGATED == 0 {
            InCall { place, users: 1, key: rest }
        } else {
            InCall { place, users: rest & InCall::USERS_MAX, key: 0 }
        }
    }

    /// The same record in a call that reaches the service at `service`.
    pub(super) const fn sent(self, service: u64) -> Self {
        Self::new(service, self.call(), service - self.created(), self.size(), self.key())
    }

    /// When the call reaches the service, in nanoseconds.
    #[inline(always)]
    pub(in crate::engine) const fn service(&self) -> u64 {
        self.producer_and_service & ((1 << TIME_BITS) - 1)
    }

    /// When the call reaches the service, if it is one of `producer`; else a time after all runs.
    #[inline(always)]
    pub(in crate::engine) const fn service_of(&self, producer: usize) -> u64 {
        self.producer_and_service.wrapping_sub((producer as u64) << TIME_BITS)
    }

    /// Index of the producer.
    #[inline(always)]
    pub(in crate::engine) const fn producer(&self) -> usize {
        (self.producer_and_service >> TIME_BITS) as usize
    }

    /// The call: producer in the upper 8 bits, number of the call's first record below.
    #[inline(always)]
    pub(in crate::engine) const fn call(&self) -> u64 {
        (self.producer_and_service >> TIME_BITS) << CALL_BITS | self.number_and_key >> 32
    }

    /// When the producer came up with the record, in nanoseconds.
    #[inline(always)]
    pub(in crate::engine) const fn created(&self) -> u64 {
        self.service() - self.waited()
    }

    /// Nanoseconds from then until the call reaches the service; less than eighteen minutes.
    #[inline(always)]
    pub(in crate::engine) const fn waited(&self) -> u64 {
        self.waited_and_size >> SIZE_BITS
    }

    /// Bytes as the stream counts them.
    #[inline(always)]
    pub(in crate::engine) const fn size(&self) -> u32 {
        self.waited_and_size as u32 & ((1 << SIZE_BITS) - 1)
    }

    /// Number of the partition key among those of its producer.
    #[inline(always)]
    pub(in crate::engine) const fn key(&self) -> u32 {
        self.number_and_key as u32
    }
}

/// Makes the arrivals of records that are sent as they are made, each in a call of its own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Singles {
    /// The next one without what is its own, so that little is left to do for each.
    next: Arrival,
}

impl Singles {
    /// Those from `call` on, of which each reaches the service `waited` nanoseconds after it is made.
    pub(super) const fn new(call: u64, waited: u64) -> Self {
        Self { next: Arrival::new(waited, call, waited, 0, 0) }
    }

    /// The next one: made at `created`, of `size` bytes.
    #[inline(always)]
    pub(super) const fn next(&mut self, created: u64, size: u32, key: u32) -> Arrival {
        let Arrival { producer_and_service, number_and_key, waited_and_size } = self.next;
        self.skip();
        Arrival {
            producer_and_service: producer_and_service + created,
            number_and_key: number_and_key | key as u64,
            waited_and_size: waited_and_size | size as u64,
        }
    }

    /// Passes over one that is not sent.
    #[inline(always)]
    pub(super) const fn skip(&mut self) {
        self.next.number_and_key = self.next.number_and_key.wrapping_add(1 << u32::BITS);
    }
}

/// Where a record of a reporting client stands in its call.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine) struct InCall {
    pub(in crate::engine) place: u32,
    /// User records in it.
    pub(in crate::engine) users: u32,
    /// Number of its partition key, or the lower bits of it, where it holds one user record.
    pub(in crate::engine) key: u32,
}

impl InCall {
    /// Most records of a call.
    pub(in crate::engine) const PLACES: u32 = 1 << PLACE_BITS;
    /// Most user records of a record.
    pub(in crate::engine) const USERS_MAX: u32 = AGGREGATED - 1;
}

/// Index of the producer of a call.
#[inline]
pub(in crate::engine) const fn producer_of(call: u64) -> usize {
    (call >> CALL_BITS) as usize
}

/// The number of a call among those of its producer.
#[inline]
pub(in crate::engine) const fn number_of(call: u64) -> u64 {
    call & ((1 << NUMBER_BITS) - 1)
}
