import TestSupport
import Testing

@testable import Delivery

@Suite
struct RecentTableTests {
    @Test("beyond the maximum, the key that was not set for the longest time is removed")
    func bounded() {
        var table = RecentTable<Int, String>(maximumCount: 3)
        for key in 1...3 { table[key] = "\(key)" }
        table[1] = "again"
        table[4] = "4"
        #expect(table.count == 3)
        #expect(table[2] == nil)
        #expect(table[1] == "again")
    }

    @Test("a removed key makes room")
    func removed() {
        var table = RecentTable<Int, Int>(maximumCount: 2)
        #expect(table.isEmpty)
        table[1] = 1
        table[2] = 2
        table[1] = nil
        table[3] = 3
        #expect(table[1] == nil && table[2] == 2 && table[3] == 3)
    }

    @Test("random calls give what a list in order gives")
    func model() {
        var generator = SeededGenerator(seed: 7)
        var table = RecentTable<Int, Int>(maximumCount: 8)
        var model: [(key: Int, value: Int)] = []
        for value in 0..<5000 {
            let key = Int.random(in: 0..<20, using: &generator)
            model.removeAll { $0.key == key }
            if Bool.random(using: &generator) {
                table[key] = value
                model.append((key, value))
                if model.count > 8 { model.removeFirst() }
            } else {
                table[key] = nil
            }
            #expect((0..<20).allSatisfy { key in table[key] == model.first { $0.key == key }?.value })
            #expect(table.count == model.count)
        }
    }
}
