/// A table of the latest keys, bounded by their number: beyond it, the oldest key is removed.
struct RecentTable<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private var values: [Key: (value: Value, number: Int)] = [:]
    /// The keys in the order in which they were set, from the oldest. A key that was set again or removed has an entry
    /// with an outdated number, which is skipped.
    private var order: [(key: Key, number: Int)] = []
    private var lastNumber = 0
    private let maximumCount: Int

    /// - Parameter maximumCount: the maximum number of keys, at least 1.
    init(maximumCount: Int) {
        self.maximumCount = maximumCount
    }

    /// Whether the table has no keys.
    var isEmpty: Bool { values.isEmpty }

    /// The number of keys.
    var count: Int { values.count }

    /// The value of a key. Setting it makes the key the latest; `nil` removes it.
    subscript(key: Key) -> Value? {
        get { values[key]?.value }
        set {
            guard let newValue else {
                values[key] = nil
                return
            }
            lastNumber += 1
            values[key] = (newValue, lastNumber)
            order.append((key, lastNumber))
            if values.count > maximumCount { removeOldest() }
            if order.count > 2 * maximumCount { order.removeAll { values[$0.key]?.number != $0.number } }
        }
    }

    /// Whether a key and its value satisfy a condition.
    func contains(where isMatch: (Key, Value) -> Bool) -> Bool { values.contains { isMatch($0.key, $0.value.value) } }

    private mutating func removeOldest() {
        guard let index = order.firstIndex(where: { values[$0.key]?.number == $0.number }) else { return }
        values[order[index].key] = nil
        order.removeSubrange(...index)
    }
}
