import TestSupport
import Testing

@testable import Delivery

@Suite(.timeLimit(.minutes(1)))
struct SlotsTests {
    /// Takes the given number of free slots.
    private func take(_ count: Int, of slots: Slots) {
        for number in 0..<count { slots.take("\(number)") }
    }

    /// Frees the first of those slots that is occupied.
    private func giveBack(to slots: Slots) {
        for number in 0..<slots.count where slots.holds("\(number)") { return slots.giveBack("\(number)") }
    }

    /// A task that waits for slots, and whether its wait has ended.
    private func waiter(for slots: Slots, all: Bool) async -> (task: Task<Int, Never>, hasEnded: Mutexed<Bool>) {
        let hasEnded = Mutexed(false)
        let task = Task {
            let free = await slots.free(all: all)
            hasEnded.value = true
            return free
        }
        await letOthersRun()
        return (task, hasEnded)
    }

    private func letOthersRun() async {
        for _ in 0..<200 { await Task.yield() }
    }

    @Test("free slots are counted")
    func counted() async {
        let slots = Slots(4)
        #expect(slots.count == 4)
        #expect(await slots.free() == 4)
        #expect(await slots.free(all: true) == 4)
        take(3, of: slots)
        #expect(await slots.free() == 1)
        giveBack(to: slots)
        #expect(await slots.free() == 2)
    }

    @Test("a wait for one slot ends when one is freed")
    func one() async {
        let slots = Slots(3)
        take(3, of: slots)
        let (task, hasEnded) = await waiter(for: slots, all: false)
        #expect(!hasEnded.value)
        giveBack(to: slots)
        #expect(await task.value >= 1)
        #expect(await slots.free() == 1)
    }

    @Test("a wait for all slots ends when the last is freed")
    func all() async {
        let slots = Slots(3)
        take(3, of: slots)
        let (task, hasEnded) = await waiter(for: slots, all: true)
        for _ in 0..<2 {
            giveBack(to: slots)
            await letOthersRun()
            #expect(!hasEnded.value)
        }
        giveBack(to: slots)
        #expect(await task.value == 3)
    }

    @Test("there are never more concurrent deliveries than slots", arguments: [1, 4, 256])
    func bounded(count: Int) async {
        struct Running {
            var count = 0
            var maximum = 0
            var total = 0
        }
        let slots = Slots(count)
        let running = Mutexed(Running())
        var rounds = 0
        await withDiscardingTaskGroup { group in
            while rounds < 2000 {
                let free = await slots.free()
                #expect((1...count).contains(free))
                for _ in 0..<free {
                    let entry = "\(rounds)"
                    slots.take(entry)
                    rounds += 1
                    group.addTask {
                        running.update { running in
                            running.count += 1
                            running.maximum = max(running.maximum, running.count)
                        }
                        for _ in 0..<3 { await Task.yield() }
                        running.update { running in
                            running.count -= 1
                            running.total += 1
                        }
                        slots.giveBack(entry)
                    }
                }
            }
            #expect(await slots.free(all: true) == count)
        }
        #expect(running.value.count == 0)
        #expect(running.value.maximum <= count)
        #expect(running.value.total == rounds)
    }

    @Test("a parked delivery frees its slot, and is held until it ends")
    func parked() async {
        let slots = Slots(8)
        #expect(slots.maximumParkedCount == 2)
        take(8, of: slots)
        let (task, hasEnded) = await waiter(for: slots, all: false)
        #expect(!hasEnded.value)
        #expect(slots.park("0"))
        #expect(await task.value == 1)
        #expect(slots.holds("0"))
        // It is parked already, and others until there is no room.
        #expect(slots.park("0") && slots.park("1") && !slots.park("2"))
        #expect(!slots.park("unknown"))
        #expect(await slots.free() == 2)
        slots.giveBack("0")
        #expect(!slots.holds("0"))
        #expect(await slots.free() == 2)
        #expect(slots.park("2"))
    }

    @Test("a wait for all slots does not wait for parked deliveries")
    func allButParked() async {
        let slots = Slots(1)
        take(1, of: slots)
        let (task, hasEnded) = await waiter(for: slots, all: true)
        #expect(!hasEnded.value)
        #expect(slots.park("0"))
        #expect(await task.value == 1)
    }
}
