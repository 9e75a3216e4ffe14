import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Schedule } from '../../src/probe/schedule.ts';
import { check } from '../arbitraries/property.ts';

test('it gives what is due, earliest first, and keeps the rest', () => {
  const command = fc.oneof(
    fc.record({ add: fc.integer({ min: 0, max: 1000 }) }),
    fc.record({ take: fc.integer({ min: 0, max: 1000 }) }),
    fc.record({ shift: fc.integer({ min: -50, max: 50 }) }),
  );
  check(
    fc.property(fc.array(command, { maxLength: 80 }), commands => {
      const schedule = new Schedule<number>();
      let model: number[] = [];
      for (const each of commands) {
        if ('add' in each) {
          schedule.add(each.add, each.add);
          model.push(each.add);
        } else if ('shift' in each) {
          schedule.shift(each.shift);
          model = model.map(dueMs => dueMs + each.shift);
        } else {
          const due = model.filter(dueMs => dueMs <= each.take).sort((a, b) => a - b);
          assert.deepEqual(
            schedule.take(each.take).map(({ dueMs }) => dueMs),
            due,
          );
          model = model.filter(dueMs => dueMs > each.take);
        }
        assert.equal(schedule.size, model.length);
        assert.equal(schedule.nextMs, model.length === 0 ? undefined : Math.min(...model));
      }
    }),
  );
});
