"""What runs inside the sandbox, beside the student's code. It imports nothing of `grader` but the message format.

Everything it says is only a claim: the host checks each message, trains and scores by itself.
"""
