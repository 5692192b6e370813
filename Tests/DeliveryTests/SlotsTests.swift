import Testing
import TestSupport

@testable import Delivery

@Suite(.timeLimit(.minutes(1)))
struct SlotsTests {
    /// Takes places, as many as were found free.
    private func take(_ count: Int, of slots: Slots) {
        for number in 0..<count { slots.take("\(number)") }
    }

    /// Gives back the first of those places that is not free.
    private func giveBack(to slots: Slots) {
        for number in 0..<slots.count where slots.holds("\(number)") { return slots.giveBack("\(number)") }
    }

    /// A task that waits for places, and whether it has gone on.
    private func waiter(for slots: Slots, all: Bool) async -> (task: Task<Int, Never>, hasGoneOn: Mutexed<Bool>) {
        let hasGoneOn = Mutexed(false)
        let task = Task {
            let free = await slots.free(all: all)
            hasGoneOn.value = true
            return free
        }
        await letOthersRun()
        return (task, hasGoneOn)
    }

    private func letOthersRun() async {
        for _ in 0..<200 { await Task.yield() }
    }

    @Test("free places are counted")
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

    @Test("whoever wants one waits until one is given back")
    func one() async {
        let slots = Slots(3)
        take(3, of: slots)
        let (task, hasGoneOn) = await waiter(for: slots, all: false)
        #expect(!hasGoneOn.value)
        giveBack(to: slots)
        #expect(await task.value >= 1)
        #expect(await slots.free() == 1)
    }

    @Test("whoever wants all waits until the last is given back")
    func all() async {
        let slots = Slots(3)
        take(3, of: slots)
        let (task, hasGoneOn) = await waiter(for: slots, all: true)
        for _ in 0..<2 {
            giveBack(to: slots)
            await letOthersRun()
            #expect(!hasGoneOn.value)
        }
        giveBack(to: slots)
        #expect(await task.value == 3)
    }

    @Test("no more deliveries are under way at once than there are places", arguments: [1, 4, 256])
    func bounded(count: Int) async {
        struct UnderWay {
            var count = 0
            var most = 0
            var sum = 0
        }
        let slots = Slots(count)
        let underWay = Mutexed(UnderWay())
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
                        underWay.update { underWay in
                            underWay.count += 1
                            underWay.most = max(underWay.most, underWay.count)
                        }
                        for _ in 0..<3 { await Task.yield() }
                        underWay.update { underWay in
                            underWay.count -= 1
                            underWay.sum += 1
                        }
                        slots.giveBack(entry)
                    }
                }
            }
            #expect(await slots.free(all: true) == count)
        }
        #expect(underWay.value.count == 0)
        #expect(underWay.value.most <= count)
        #expect(underWay.value.sum == rounds)
    }
}
