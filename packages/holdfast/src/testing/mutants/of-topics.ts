import type { Mutant } from './mutant.ts'

/** Subscriptions: every message in order, or a gap; and only for who may read. */
export const mutantsOfTopics: readonly Mutant[] = [
  {
    name: 'cursor-before-write',
    bug: 'The hub remembers how far it has read for a session, before it is written, and goes on from there.',
    changes: [
      {
        file: 'server/links/link-writer.ts',
        find: 'cursor.offset = slice.through',
        replace: `cursor.offset = slice.through
    const session = this.owner.session?.id
    log.cursors ??= new Map()
    log.cursors.set(session, slice.through)`,
      },
      {
        file: 'server/topics/link-subscriptions.ts',
        find: 'const { position, gap } = startingPoint(log, from)',
        replace: `const known = log.cursors?.get(this.#link.session?.id)
    const resumes = known !== undefined && typeof from === 'object' && 'epoch' in from
    const { position, gap } = startingPoint(log, resumes ? { epoch: log.epoch, offset: known } : from)`,
      },
    ],
    breaks: 'subscriptions',
    seed: 17,
  },
  {
    name: 'boundary-message',
    bug: 'A replay begins one message too late.',
    changes: [
      {
        file: 'server/topics/starting-point.ts',
        find: 'return at(after.offset)',
        replace: 'return at(Math.min(after.offset + 1, head))',
      },
    ],
    breaks: 'subscriptions',
    seed: 17,
  },
  {
    name: 'stale-frame',
    bug: 'What confirms an earlier subscription to a topic is taken for the confirmation of the new one.',
    changes: [
      {
        file: 'client/topic-feed.ts',
        find: 'if (declared?.intent !== intent || declared.cursor) return',
        replace: 'if (!declared || declared.cursor) return',
      },
    ],
    breaks: 'subscriptions',
    seed: 2_058,
  },
  {
    name: 'unsubscribe-leaves',
    bug: 'Who unsubscribes while the right is still being asked for stays subscribed at the hub.',
    changes: [
      {
        file: 'server/topics/link-subscriptions.ts',
        find: 'if (subscription?.intent === intent) this.#drop(subscription)',
        replace: 'if (subscription?.intent === intent && subscription.cursor) this.#drop(subscription)',
      },
    ],
    breaks: 'subscriptions',
    seed: 39,
  },
  {
    name: 'resume-unasked',
    bug: 'Who resumes a subscription is not asked for the right to it.',
    changes: [
      {
        file: 'server/topics/link-subscriptions.ts',
        find: 'this.#decide(subscription, () => void this.#open(subscription))',
        replace: `if (typeof from === 'object' && 'epoch' in from) void this.#open(subscription)
    else this.#decide(subscription, () => void this.#open(subscription))`,
      },
    ],
    breaks: 'rights',
    seed: 39,
  },
  {
    name: 'revoked-goes-on',
    bug: 'Who loses the right to a topic still gets what is published while the application is asked again.',
    changes: [
      {
        file: 'server/topics/link-subscriptions.ts',
        find: 'cursor.paused = true\n',
        replace: '\n',
      },
      {
        file: 'server/topics/link-subscriptions.ts',
        find: "if (verdict !== 'allowed') return this.#refuseFor(subscription, verdict, 'revoked')",
        replace: "if (verdict === 'failed') return this.#refuseFor(subscription, verdict, 'revoked')",
      },
    ],
    breaks: 'rights',
    seed: 19,
  },
  {
    name: 'old-context-decides',
    bug: 'What was asked about the rights that a session had before its token was renewed, or it was resumed, decides.',
    changes: [{ file: 'server/sessions/session.ts', find: 'this.rightsChanged()', replace: '' }],
    breaks: 'rights',
    seed: 173,
  },
  {
    name: 'opened-unasked',
    bug: 'Who was allowed to subscribe before the engine opened the topic may read it, whatever changed meanwhile.',
    changes: [
      {
        file: 'server/topics/link-subscriptions.ts',
        find: 'if (rightsRevision === session.rightsRevision) this.#begin(subscription, log)',
        replace: 'if (rightsRevision <= session.rightsRevision) this.#begin(subscription, log)',
      },
    ],
    breaks: 'rights',
    seed: 165,
  },
  {
    name: 'pruned-in-silence',
    bug: 'Who resumes from before what is kept is not told of the gap.',
    changes: [
      {
        file: 'server/topics/starting-point.ts',
        find: "return behind({ after, lost: oldest - 1 - after.offset, reason: 'pruned' })",
        replace: 'return at(oldest - 1)',
      },
    ],
    breaks: 'subscriptions',
    seed: 517,
  },
  {
    name: 'kept-epoch',
    bug: 'A hub whose messages are lost goes on under the same epochs.',
    changes: [
      {
        file: 'engines/memory/topic-table.ts',
        find: 'new EpochNames(host.randomName())',
        replace: "new EpochNames('the-same')",
      },
    ],
    breaks: 'subscriptions',
    seed: 4,
  },
  {
    name: 'false-gap',
    bug: 'Whoever resumes is told of a gap, as if the topic had begun anew.',
    changes: [
      {
        file: 'server/topics/starting-point.ts',
        find: 'if (after.epoch !== epoch || after.offset > head)',
        replace: 'if (after.offset > 0)',
      },
    ],
    breaks: 'subscriptions',
    seed: 4,
  },
  {
    name: 'kept-for-ever',
    bug: 'A topic keeps more messages than it may.',
    changes: [
      {
        file: 'engines/memory/segment-log.ts',
        find: 'const tooMany = this.#head - this.#oldest >= retention.messages',
        replace: 'const tooMany = false',
      },
    ],
    breaks: 'memory',
    seed: 2,
  },
]
