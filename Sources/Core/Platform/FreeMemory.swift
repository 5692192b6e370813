import CAllocator

/// Gives memory that was freed back to the system. Takes some milliseconds after much was used.
package func returnFreeMemory() {
    postern_return_free_memory()
}
