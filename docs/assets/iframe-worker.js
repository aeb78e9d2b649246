// Pages that are opened as files may start no worker in most browsers: the search then works in a hidden frame instead.
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(address) {
      super()
      this.waiting = []
      const frame = document.createElement("iframe")
      frame.hidden = true
      document.body.append(frame)
      this.inside = frame.contentWindow
      this.inside.postMessage = data => this.dispatchEvent(new MessageEvent("message", {data}))
      this.inside.importScripts = (...addresses) =>
        addresses.reduce((before, next) => before.then(() => this.load(next)), Promise.resolve())
      this.load(String(address)).then(() => {
        const kept = this.waiting
        this.waiting = null
        kept.forEach(data => this.hand(data))
      })
    }

    postMessage(data) {
      if (this.waiting) this.waiting.push(data)
      else this.hand(data)
    }

    terminate() {
      this.inside.frameElement.remove()
    }

    hand(data) {
      this.inside.dispatchEvent(new MessageEvent("message", {data}))
    }

    load(address) {
      const script = this.inside.document.createElement("script")
      return new Promise((done, failed) => {
        script.onload = done
        script.onerror = failed
        script.src = address
        this.inside.document.body.append(script)
      })
    }
  }
}
