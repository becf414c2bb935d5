/** What the assistant says to a question, word by word. Made here, offline: there is no model behind it. */
export function answerTo(question: string): string[] {
  const [, upTo] = /count to (\d{1,4})/i.exec(question) ?? []
  if (upTo) return wordsOf(countTo(Number(upTo)))
  if (/\b(long|slow|story)\b/i.test(question)) return wordsOf(story.join('\n\n'))
  if (/^(hi|hello|hey)\b/i.test(question.trim())) return wordsOf(greeting)
  return wordsOf(`You asked: “${shortened(question)}” ${pick(replies, question)}`)
}

const greeting =
  'Hello! I am not a model, only a few paragraphs in a file, but I stream like one. Ask me for a long answer, or to count to 200, and then cut the connection while I speak.'

const replies = [
  'I cannot know that, but I can say it slowly: every word of this is a message of its own, numbered by the hub. If one were missing, the counters would show it.',
  'Good question. While you read this, somebody could restart the server. You would be told, this answer would be marked as interrupted, and nothing of it would come twice.',
  'Let me think aloud. A message that was sent once should arrive once. It sounds easy, until a train enters a tunnel.',
]

const story = [
  'In the summer of 1858 the first cable across the Atlantic came ashore in Newfoundland. It was as thick as a finger and more than three thousand kilometres long, and for a few weeks two continents could speak.',
  'They spoke badly. The first message of the Queen had ninety-eight words and took sixteen hours. Letters arrived twice, or not at all, and the clerks at either end could not tell which, so they asked. Please repeat. Repeat what? Repeat the last. Which was the last?',
  'The clerks then did something simple. They gave each message a number. Whoever received number seven after number five knew that six was missing, without being told; and whoever received number five again knew that it was only an echo, and put it aside.',
  'It is a humble trick. It makes no cable stronger. But with it the two ends could agree on what had happened, and where they could not agree, they could say so: from here to there, we know nothing. An honest gap is worth more than a guess.',
  'After three weeks the cable fell silent. Somebody had sent two thousand volts through it, hoping that a stronger push would carry further. Many systems since have died of the same idea: when there is no answer, push harder, and all at the same moment.',
  'The next cable took eight years. Its engineers were patient people. They waited a little after each failure, and then a little longer, and never all together. They tested every mile before they trusted it, and a line that had opened but carried nothing did not count as a line.',
  'When the ship lost the end of the cable in the deep sea, they did not start again from the shore. They knew their position. They sailed back to it, let down a grapnel on four kilometres of rope, and after thirty attempts they lifted the old end out of the water, spliced it to the new, and went on from exactly there.',
  'A person in a dark hut in Ireland had watched a spot of light on a wall for a year, day and night, in case the dead cable should speak. One evening the light moved. The first thing it said made sense at once, for it began where the last had ended.',
  'That is all I wanted to tell. If you broke the connection on the way here and this story still reads as one piece, then the numbers did their work.',
]

function countTo(last: number): string {
  return Array.from({ length: Math.min(Math.max(last, 1), 2_000) }, (_, index) => index + 1).join(' ')
}

/** Words with the white space that follows them, so that joining them gives the text again. */
function wordsOf(text: string): string[] {
  return text.match(/\S+\s*/g) ?? []
}

function shortened(question: string): string {
  const text = question.trim().replaceAll(/\s+/g, ' ')
  return text.length > 60 ? `${text.slice(0, 59)}…` : text
}

function pick(choices: readonly string[], question: string): string {
  return choices[question.length % choices.length] ?? ''
}
